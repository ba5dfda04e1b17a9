using System.Collections.Immutable;

namespace RpiAgent.Coordinator.Scheduling;

/// <summary>Why a request went where it went, or nowhere.</summary>
internal abstract record Placement
{
    /// <summary>One line for people: which node, and why not the others.</summary>
    public abstract string Explain();
}

/// <param name="Node">Name of the chosen node.</param>
/// <param name="Scores">Score of every candidate by node name; what the strategy compared.</param>
/// <param name="Rejected">Reason by node name for every node a filter removed.</param>
internal sealed record Placed(string Node, ImmutableSortedDictionary<string, double> Scores, ImmutableSortedDictionary<string, string> Rejected) : Placement
{
    public override string Explain() =>
        Rejected.IsEmpty ? $"{Node}" : $"{Node}; not {string.Join("; not ", Rejected.Select(r => $"{r.Key}: {r.Value}"))}";
}

/// <param name="Error">unsatisfiable, invalid-expression, no-resources, no-healthy-node, name-conflict or invalid-request.</param>
internal sealed record Unplaceable(string Error, string Message, ImmutableSortedDictionary<string, string> Reasons) : Placement
{
    public override string Explain() =>
        Reasons.IsEmpty ? Message : $"{Message}: {string.Join("; ", Reasons.Select(r => $"{r.Key}: {r.Value}"))}";
}
