using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>Services that wait for each other in a circle would never start.</summary>
internal static class DependencyCycles
{
    public static void Check(IReadOnlyCollection<WorkloadSpec> workloads, Place at, ComposeReport report)
    {
        Dictionary<WorkloadId, WorkloadSpec> open = workloads.ToDictionary(workload => workload.Id);
        while (open.Values.FirstOrDefault(workload => workload.DependsOn.All(one => !open.ContainsKey(one.Workload))) is { } free)
        {
            open.Remove(free.Id);
        }

        if (open.Count == 0)
        {
            return;
        }

        // Whoever is left waits, perhaps only behind the circle: follow it until a service comes up again.
        List<string> path = [];
        WorkloadSpec next = open.Values.OrderBy(workload => workload.Service, StringComparer.Ordinal).First();
        while (!path.Contains(next.Service))
        {
            path.Add(next.Service);
            next = open[next.DependsOn.First(one => open.ContainsKey(one.Workload)).Workload];
        }

        IEnumerable<string> circle = path.SkipWhile(name => name != next.Service).Append(next.Service);
        report.Problem(at, "services", $"they wait for each other: {string.Join(" -> ", circle)}");
    }
}

/// <summary><c>links: [db:mysql]</c>: the linked service is found under the alias on its networks, by everybody there.</summary>
internal static class LinkAliases
{
    public static ImmutableArray<WorkloadSpec> Apply(
        ImmutableArray<WorkloadSpec> workloads, IReadOnlyCollection<(string Service, string Alias, Place At, string Where)> links, ComposeReport report)
    {
        Dictionary<string, string> owners = workloads.ToDictionary(workload => workload.Service, workload => workload.Service, StringComparer.Ordinal);
        foreach ((string service, string alias, Place at, string where) in links)
        {
            if (!ComposeValues.IsName(alias))
            {
                report.Problem(at, where, $"'{alias}' is not a host name");
            }
            else if (owners.TryGetValue(alias, out string? owner) && owner != service)
            {
                report.Problem(at, where, $"'{alias}' would also name the service '{owner}': names hold for the whole network here");
            }
            else
            {
                owners[alias] = service;
            }
        }

        ILookup<string, string> aliases = owners.Where(one => one.Key != one.Value).ToLookup(one => one.Value, one => one.Key, StringComparer.Ordinal);
        return [.. workloads.Select(workload => aliases[workload.Service].ToArray() is { Length: > 0 } more ? With(workload, more) : workload)];
    }

    private static WorkloadSpec With(WorkloadSpec workload, string[] aliases) => workload with
    {
        Container = workload.Container with
        {
            Networks = [.. workload.Container.Networks.Select(use => use with { Aliases = [.. use.Aliases.Union(aliases.Order(StringComparer.Ordinal))] })],
        },
    };
}
