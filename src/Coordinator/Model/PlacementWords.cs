using System.Collections.Immutable;

namespace RpiAgent.Coordinator.Model;

/// <summary>The words by which people name strategies and filters, in options, Compose files and cases.</summary>
internal static class PlacementWords
{
    public static ImmutableArray<string> Strategies { get; } = ["spread", "binpack", "random"];

    /// <summary>In the order in which they are asked. What is safe (open and reachable node, volume's home, platform, resources) is no option.</summary>
    public static ImmutableArray<string> Filters { get; } = ["health", "port", "containerslots", "dependency", "affinity", "constraint", "whitelist"];

    /// <summary>What is wrong with a choice of filters, in words; null when nothing is.</summary>
    public static string? WrongFilters(IReadOnlyCollection<string> filters)
    {
        string[] unknown = [.. filters.Where(filter => !Filters.Contains(filter)).Select(filter => $"'{filter}'")];
        return unknown.Length > 0 ? $"{string.Join(", ", unknown)}: known are {string.Join(", ", Filters)}"
            : filters.Distinct(StringComparer.Ordinal).Count() < filters.Count ? "a filter is named twice"
            : null;
    }
}
