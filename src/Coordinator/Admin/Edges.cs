using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Admin;

/// <summary>Where an image goes that an operator brings in.</summary>
internal interface IImageIntake
{
    /// <summary>Streams a `docker save` tar to a node, and from there to every node when asked.</summary>
    /// <param name="node">Null: the coordinator chooses.</param>
    /// <exception cref="AdminRefusal">It cannot be taken, with the reason.</exception>
    Task<TakenImages> TakeAsync(NodeView? node, bool everywhere, IAsyncEnumerable<ReadOnlyMemory<byte>> tar, CancellationToken cancel);
}

/// <param name="Nodes">Names of the nodes that have them now.</param>
internal sealed record TakenImages(ImmutableArray<ImageView> Images, ImmutableArray<string> Nodes);

/// <summary>Output of containers, from the node where they run.</summary>
internal interface ILogSource
{
    /// <param name="tail">Lines from the end; 0 = all.</param>
    IAsyncEnumerable<LogPiece> ReadAsync(NodeView node, ReplicaId replica, bool follow, int tail, bool timestamps, CancellationToken cancel);
}

internal readonly record struct LogPiece(bool Error, ReadOnlyMemory<byte> Data);

/// <summary>What the leader would do if a stack were deployed.</summary>
internal interface IStackPlanner
{
    ImmutableArray<PlannedStep> Plan(ClusterSnapshot cluster, StackSpec wanted);
}

/// <param name="Node">Name; empty = it cannot be placed.</param>
/// <param name="Action">keep, create, move, update, remove or wait.</param>
/// <param name="Reasons">Why not, by node name.</param>
/// <param name="Scores">What the strategy compared, by node name.</param>
internal sealed record PlannedStep(
    ReplicaId Replica, string Node, string Action, string Explanation,
    ImmutableSortedDictionary<string, string> Reasons, ImmutableSortedDictionary<string, double> Scores);

/// <summary>What was asked cannot be done, for a reason a person can act on.</summary>
internal sealed class AdminRefusal(RefusalKind kind, string message, Exception? inner = null) : Exception(message, inner)
{
    public RefusalKind Kind { get; } = kind;
}

internal enum RefusalKind
{
    /// <summary>The words do not fit together.</summary>
    BadRequest,
    /// <summary>There is no such thing.</summary>
    Unknown,
    /// <summary>Not in the state the cluster is in.</summary>
    NotNow,
    /// <summary>Somebody who is needed does not answer.</summary>
    Unreachable,
}
