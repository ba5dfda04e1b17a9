using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Swarm;

/// <summary>One thing to do. <paramref name="Node"/> is who does it.</summary>
internal abstract record SwarmStep(NodeId Node)
{
    /// <summary>So long the plan must say the same before it is done: two nodes' views of one change never arrive together.</summary>
    public virtual TimeSpan Patience => TimeSpan.Zero;
}

/// <param name="ForceNewCluster">From this manager alone, out of what it remembers of the old swarm.</param>
internal sealed record InitSwarm(NodeId Node, string Address, bool ForceNewCluster) : SwarmStep(Node);

/// <param name="TokenFrom">A live manager, which is asked for the token.</param>
/// <param name="Managers">host:port to join at.</param>
internal sealed record JoinSwarm(NodeId Node, string Address, bool AsManager, NodeId TokenFrom, ImmutableArray<string> Managers) : SwarmStep(Node)
{
    public bool Equals(JoinSwarm? other) =>
        other is not null && Node == other.Node && Address == other.Address && AsManager == other.AsManager && TokenFrom == other.TokenFrom && Managers.SequenceEqual(other.Managers);

    public override int GetHashCode() => HashCode.Combine(Node, AsManager);
}

/// <param name="After">Seconds of patience.</param>
internal sealed record LeaveSwarm(NodeId Node, string Why, int After = LeaveSwarm.Usual) : SwarmStep(Node)
{
    public const int Usual = 15;

    /// <summary>We have just given it another address ourselves.</summary>
    public const int Expected = 2;

    /// <summary>It may still find the managers.</summary>
    public const int InVain = 60;

    public override TimeSpan Patience => TimeSpan.FromSeconds(After);
}

internal sealed record SetSwarmRole(NodeId Node, string SwarmNodeId, bool Manager, string Why) : SwarmStep(Node)
{
    public override TimeSpan Patience => TimeSpan.FromSeconds(3);
}

internal sealed record RemoveSwarmNode(NodeId Node, string SwarmNodeId, string Why) : SwarmStep(Node)
{
    public override TimeSpan Patience => TimeSpan.FromSeconds(10);
}

internal sealed record CreateNetwork(NodeId Node, string Name, string Stack, bool Encrypted, bool Internal) : SwarmStep(Node);

internal sealed record RemoveNetwork(NodeId Node, string Name) : SwarmStep(Node)
{
    public override TimeSpan Patience => TimeSpan.FromSeconds(2);
}

/// <summary>Stores what was decided; <paramref name="Node"/> is the swarm's first manager now.</summary>
internal sealed record RecordSwarm(NodeId Node, SwarmRecord Record) : SwarmStep(Node);

/// <param name="LookAgain">When to plan again though nothing changes.</param>
internal sealed record SwarmPlan(ImmutableArray<SwarmStep> Steps, SwarmPhase Phase, DateTimeOffset? LookAgain);

/// <param name="Settle">Nodes that enrol within so long of each other all stand for first manager.</param>
/// <param name="RebuildAfter">So long must the quorum be lost, with its missing managers dead, before the swarm is built anew.</param>
internal sealed record SwarmPolicy(TimeSpan Settle, TimeSpan RebuildAfter)
{
    public static SwarmPolicy Default { get; } = new(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(60));

    /// <summary>An odd number that outlives one lost Pi where there are enough of them.</summary>
    public static int ManagersFor(int nodes) => nodes switch
    {
        <= 2 => 1,
        <= 6 => 3,
        _ => 5,
    };
}
