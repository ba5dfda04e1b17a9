using System.Collections.Immutable;
using RpiAgent.Coordinator.Scheduling;

namespace RpiAgent.Coordinator.Simulation;

/// <summary>One case of a file: a single placement or a story of several steps.</summary>
internal abstract record SimulationCase(string Name, PlacementPolicy Policy, ImmutableArray<PlacementNode> Nodes, ImmutableDictionary<string, string> VolumeHomes)
{
    public PlacementCluster Cluster() => PlacementCluster.Create(Nodes, VolumeHomes);
}

internal sealed record PlacementCase(
    string Name, PlacementPolicy Policy, ImmutableArray<PlacementNode> Nodes, ImmutableDictionary<string, string> VolumeHomes, CaseRequest Request)
    : SimulationCase(Name, Policy, Nodes, VolumeHomes);

/// <param name="Expect">The keys of <c>expect</c>, which name what is answered; null = everything.</param>
internal sealed record SequenceCase(
    string Name, PlacementPolicy Policy, ImmutableArray<PlacementNode> Nodes, ImmutableDictionary<string, string> VolumeHomes,
    ImmutableArray<SequenceStep> Steps, SequenceExpectation? Expect) : SimulationCase(Name, Policy, Nodes, VolumeHomes);

/// <summary>A request with what is decided before placement: labels' expressions and the reschedule policy.</summary>
/// <param name="Problem">Why it is refused before any node is looked at; null = fine.</param>
internal sealed record CaseRequest(PlacementRequest Placement, ImmutableDictionary<string, string> Labels, bool Moves, string? Problem);

internal enum StepKind { Run, Create, Exit, Remove, PowerOff, Shutdown, PowerOn, Hiccup }

/// <param name="Target">Name of the container or node; empty for run and create.</param>
internal sealed record SequenceStep(StepKind Kind, int Count, string Target, CaseRequest? Request);

internal sealed record SequenceExpectation(ImmutableArray<string>? Containers, ImmutableArray<string>? Counts, bool CountsSorted, bool Errors);

/// <summary>The file cannot be used; says where and why.</summary>
internal sealed class CaseFileException : Exception
{
    public CaseFileException() { }
    public CaseFileException(string message) : base(message) { }
    public CaseFileException(string message, Exception inner) : base(message, inner) { }
}
