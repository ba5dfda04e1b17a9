using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Reconciliation;

/// <summary>
/// Why a replica that never ran must not start yet. Only at its first deployment: once assigned, it is never stopped or held back
/// for the sake of another workload.
/// </summary>
internal sealed class HoldBack(ClusterSnapshot cluster)
{
    private readonly Dictionary<WorkloadId, ContainerView[]> _seen = cluster.Nodes.Values
        .Where(node => !node.Down)
        .SelectMany(node => node.Status?.Containers ?? [])
        .Where(container => container.Replica is not null)
        .GroupBy(container => container.Replica!.Value.Workload)
        .ToDictionary(group => group.Key, group => group.ToArray());

    private readonly HashSet<WorkloadId> _wanted = [.. cluster.Stacks.Values.SelectMany(stack => stack.Workloads).Select(workload => workload.Id)];

    private readonly HashSet<string> _networks = [.. cluster.Nodes.Values.SelectMany(node => node.Status?.Swarm.Networks ?? []).Select(network => network.Name)];

    /// <summary>Null: nothing to wait for.</summary>
    public string? Reason(WorkloadSpec workload)
    {
        foreach (WorkloadDependency dependency in workload.DependsOn.Where(one => _wanted.Contains(one.Workload)))
        {
            ContainerView[] seen = _seen.GetValueOrDefault(dependency.Workload) ?? [];
            string? missing = dependency.Condition switch
            {
                "service_healthy" when !seen.Any(IsHealthy) => "be healthy",
                "service_completed_successfully" when !seen.Any(container => container is { State: "exited", ExitCode: 0 }) => "end successfully",
                _ => null,
            };
            if (missing is not null)
            {
                return $"waiting for {dependency.Workload} to {missing}";
            }
        }

        return null;
    }

    /// <summary>The first overlay network of the workload's own stack that the swarm does not have yet.</summary>
    public string? MissingNetwork(WorkloadSpec workload, StackSpec stack) =>
        stack.Networks
            .Where(network => !network.External && workload.Container.Networks.Any(use => use.Name == network.Name) && !_networks.Contains(network.Name))
            .Select(network => $"waiting for the network {network.Name} (swarm: {cluster.SwarmPhase.Name} {cluster.SwarmPhase.Reason})".TrimEnd())
            .FirstOrDefault();

    /// <summary>A container without a health check is as healthy as it gets when it runs.</summary>
    private static bool IsHealthy(ContainerView container) => container is { State: "running", Health: "" or "healthy" };
}
