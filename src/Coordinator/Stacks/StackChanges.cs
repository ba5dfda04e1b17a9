using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>What a deployment changes, workload by workload.</summary>
internal static class StackChanges
{
    /// <returns><c>create blog.web</c>, <c>update blog.web</c>, <c>remove blog.web</c>; the same for networks. Empty = nothing.</returns>
    public static ImmutableArray<string> Between(StackSpec? before, StackSpec after)
    {
        ImmutableArray<string>.Builder changes = ImmutableArray.CreateBuilder<string>();
        Dictionary<string, WorkloadSpec> old = (before?.Workloads ?? []).ToDictionary(workload => workload.Service, StringComparer.Ordinal);
        foreach (WorkloadSpec workload in after.Workloads)
        {
            if (!old.Remove(workload.Service, out WorkloadSpec? known))
            {
                changes.Add($"create {workload.Id}");
            }
            else if (!Same(known, workload))
            {
                changes.Add($"update {workload.Id}");
            }
        }

        changes.AddRange(old.Values.OrderBy(workload => workload.Service, StringComparer.Ordinal).Select(workload => $"remove {workload.Id}"));
        ImmutableArray<StackNetwork> networks = before?.Networks ?? [];
        changes.AddRange(after.Networks.Except(networks).Select(network => $"{(networks.Any(one => one.Name == network.Name) ? "update" : "create")} network {network.Name}"));
        changes.AddRange(networks.Where(network => after.Networks.All(one => one.Name != network.Name)).Select(network => $"remove network {network.Name}"));
        return changes.ToImmutable();
    }

    /// <summary>Records with arrays compare by reference; their documents compare by content.</summary>
    private static bool Same(WorkloadSpec left, WorkloadSpec right) =>
        ModelJson.Write(left, ModelJson.Default.WorkloadSpec).AsSpan().SequenceEqual(ModelJson.Write(right, ModelJson.Default.WorkloadSpec));
}

/// <summary>What two stacks cannot both own.</summary>
internal static class StackConflicts
{
    public static ImmutableArray<string> Find(StackSpec wanted, IEnumerable<StackSpec> others)
    {
        HashSet<string> networks = [.. wanted.Networks.Where(network => !network.External).Select(network => network.Name)];
        HashSet<string> volumes = [.. wanted.Volumes.Where(volume => !volume.External).Select(volume => volume.Name)];
        return
        [
            .. others.Where(other => other.Name != wanted.Name).SelectMany(other =>
                other.Networks.Where(network => !network.External && networks.Contains(network.Name))
                    .Select(network => $"the network {network.Name} belongs to the stack {other.Name}: declare it external, or give it another name")
                .Concat(other.Volumes.Where(volume => !volume.External && volumes.Contains(volume.Name))
                    .Select(volume => $"the volume {volume.Name} belongs to the stack {other.Name}: declare it external, or give it another name"))),
        ];
    }
}
