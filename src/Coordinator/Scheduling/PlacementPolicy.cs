using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;

namespace RpiAgent.Coordinator.Scheduling;

internal enum Strategy { Spread, Binpack, Random }

internal enum FilterKind { Health, Port, ContainerSlots, Dependency, Affinity, Constraint, Whitelist }

/// <summary>How a cluster places: its strategy, its filters in order, and how far it over-commits.</summary>
internal sealed record PlacementPolicy
{
    public static ImmutableArray<FilterKind> AllFilters { get; } =
        [FilterKind.Health, FilterKind.Port, FilterKind.ContainerSlots, FilterKind.Dependency, FilterKind.Affinity, FilterKind.Constraint, FilterKind.Whitelist];

    public static PlacementPolicy Default { get; } = new();

    public Strategy Strategy { get; init; } = Strategy.Spread;
    public ImmutableArray<FilterKind> Filters { get; init; } = AllFilters;
    /// <summary>Share of a node's resources that may be promised beyond what it has; above −1. Counted in whole percent and whole cores.</summary>
    public double OverCommit { get; init; } = 0.05;

    /// <summary>Classic cuts to whole percent: 0.29 gives 28.</summary>
    internal int OverCommitPercent => (int)(OverCommit * 100);

    public static bool TryParseStrategy(string text, out Strategy strategy)
    {
        (bool known, strategy) = text switch
        {
            "spread" => (true, Strategy.Spread),
            "binpack" or "binpacking" => (true, Strategy.Binpack),
            "random" => (true, Strategy.Random),
            _ => (false, default),
        };
        return known;
    }

    public static bool TryParseFilter(string text, out FilterKind filter)
    {
        int place = PlacementWords.Filters.IndexOf(text);
        filter = place < 0 ? default : AllFilters[place];
        return place >= 0;
    }

    public static string Name(Strategy strategy) => PlacementWords.Strategies[(int)strategy];

    public static string Name(FilterKind kind) => PlacementWords.Filters[(int)kind];
}
