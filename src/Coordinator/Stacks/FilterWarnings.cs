using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>What a service says and nobody looks at, because the filter for it is switched off.</summary>
internal static class FilterWarnings
{
    /// <summary>For services that have no filters of their own.</summary>
    /// <param name="filters">Those of the cluster; empty = all.</param>
    public static ImmutableArray<string> OfCluster(StackSpec stack, IReadOnlyCollection<string> filters) => filters.Count == 0 ? [] :
    [
        .. stack.Workloads.Where(workload => workload.Placement.Filters is null)
            .SelectMany(workload => Unread(workload, filters), (workload, filter) =>
                $"services.{workload.Service}: the cluster's filter '{filter}' is switched off (Filters in coordinator.json): what the service says about it is not looked at"),
    ];

    public static IEnumerable<string> Unread(WorkloadSpec workload, IReadOnlyCollection<string> filters)
    {
        if (!workload.Placement.Constraints.IsEmpty && !filters.Contains("constraint"))
        {
            yield return "constraint";
        }

        if (!workload.Placement.Affinities.IsEmpty && !filters.Contains("affinity"))
        {
            yield return "affinity";
        }

        if (workload.Container.Ports.Any(port => port.HostPort != 0) && !filters.Contains("port"))
        {
            yield return "port";
        }
    }
}
