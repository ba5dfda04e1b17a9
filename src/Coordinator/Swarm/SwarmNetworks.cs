using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Swarm;

/// <summary>Overlay networks that stacks ask for; those of removed stacks go once nothing uses them. Networks without our label are never touched.</summary>
internal static class SwarmNetworks
{
    public static IEnumerable<SwarmStep> Plan(ClusterSnapshot cluster, SwarmCouncil council)
    {
        Dictionary<string, SwarmNetworkView> existing = council.Voice.Status!.Swarm.Networks
            .GroupBy(network => network.Name, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.First(), StringComparer.Ordinal);
        SortedDictionary<string, (string Stack, StackNetwork Network)> wanted = new(StringComparer.Ordinal);
        foreach (StackSpec stack in cluster.Stacks.Values)
        {
            foreach (StackNetwork network in stack.Networks.Where(network => !network.External))
            {
                wanted.TryAdd(network.Name, (stack.Name, network));
            }
        }

        foreach ((string name, (string stack, StackNetwork network)) in wanted.Where(one => !existing.ContainsKey(one.Key)))
        {
            yield return new CreateNetwork(council.Voice.Id, name, stack, network.Encrypted, network.Internal);
        }

        foreach (SwarmNetworkView network in existing.Values.OrderBy(network => network.Name, StringComparer.Ordinal))
        {
            if (network.Labels.TryGetValue(ContainerLabels.Stack, out string? stack) && !wanted.ContainsKey(network.Name) && !InUse(cluster, network.Name, stack))
            {
                yield return new RemoveNetwork(council.Voice.Id, network.Name);
            }
        }
    }

    private static bool InUse(ClusterSnapshot cluster, string network, string stack)
    {
        bool named = cluster.Stacks.Values.SelectMany(one => one.Workloads).SelectMany(workload => workload.Container.Networks).Any(use => use.Name == network);
        bool assigned = cluster.Assignments.Values.SelectMany(one => one.Replicas).SelectMany(replica => replica.Container.Networks).Any(use => use.Name == network);
        string prefix = stack + ".";
        bool running = !cluster.Stacks.ContainsKey(stack) && cluster.Nodes.Values
            .SelectMany(node => node.Status?.Containers ?? [])
            .Any(container => container.Replica is ReplicaId replica && replica.Workload.Value.StartsWith(prefix, StringComparison.Ordinal));
        return named || assigned || running;
    }
}
