using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>
/// Our own extension fields, for the whole file or one service: <c>x-rpi-strategy: binpack</c> and <c>x-rpi-filters: [health, port]</c>.
/// </summary>
internal static class PolicyReader
{
    private const string StrategyKey = "x-rpi-strategy";
    private const string FiltersKey = "x-rpi-filters";

    /// <summary>Null = not said here.</summary>
    public static PlacementRules Read(Section section) => new() { Strategy = Strategy(section), Filters = Filters(section) };

    /// <summary>What the service does not say itself it has from the file; conditions whose filter is off are told, never dropped in silence.</summary>
    public static WorkloadSpec Apply(WorkloadSpec workload, PlacementRules file, Section service)
    {
        PlacementRules rules = workload.Placement with { Strategy = workload.Placement.Strategy ?? file.Strategy, Filters = workload.Placement.Filters ?? file.Filters };
        workload = workload with { Placement = rules };
        foreach (string filter in rules.Filters is { } filters ? FilterWarnings.Unread(workload, filters) : [])
        {
            service.Warn(FiltersKey, $"the filter '{filter}' is switched off: what the service says about it is not looked at");
        }

        return workload;
    }

    private static string? Strategy(Section section)
    {
        string? strategy = section.Text(StrategyKey);
        if (strategy is not null && !PlacementWords.Strategies.Contains(strategy))
        {
            section.Problem(StrategyKey, $"'{strategy}' is not {string.Join(", ", PlacementWords.Strategies[..^1])} or {PlacementWords.Strategies[^1]}");
        }

        return strategy;
    }

    private static ImmutableArray<string>? Filters(Section section)
    {
        if (!section.Has(FiltersKey))
        {
            return null;
        }

        ImmutableArray<string> filters = [.. section.Texts(FiltersKey).Select(text => text.Value)];
        if (PlacementWords.WrongFilters(filters) is string wrong)
        {
            section.Problem(FiltersKey, wrong);
        }

        return filters;
    }
}
