using System.Collections.Immutable;

namespace RpiAgent.Coordinator.Scheduling;

/// <summary>Where a request goes, or why nowhere. <see cref="Scheduler.Explain"/> gives the scores and refusals behind it.</summary>
internal abstract record Placement
{
    /// <summary>One line for people.</summary>
    public abstract string Explain();
}

/// <param name="NodeId">Id of the chosen node.</param>
internal sealed record Placed(string NodeId, string Node) : Placement
{
    public override string Explain() => Node;
}

/// <param name="Error">One of <see cref="PlacementErrors"/>.</param>
/// <param name="Reasons">Why not, by node name; empty when the request itself was refused.</param>
internal sealed record Unplaceable(string Error, string Message, ImmutableSortedDictionary<string, string> Reasons) : Placement
{
    public Unplaceable(string error, string message) : this(error, message, ImmutableSortedDictionary<string, string>.Empty) { }

    public override string Explain() =>
        Reasons.IsEmpty ? Message : $"{Message}: {string.Join("; ", Reasons.Select(r => $"{r.Key}: {r.Value}"))}";
}

/// <summary>The error words of the case files.</summary>
internal static class PlacementErrors
{
    public const string Unsatisfiable = "unsatisfiable";
    public const string InvalidExpression = "invalid-expression";
    public const string NoResources = "no-resources";
    public const string NoHealthyNode = "no-healthy-node";
    public const string NameConflict = "name-conflict";
    public const string InvalidRequest = "invalid-request";
}
