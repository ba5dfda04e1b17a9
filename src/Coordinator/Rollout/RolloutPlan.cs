using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Rollout;

/// <summary>What a node's own configuration shall be.</summary>
/// <param name="Address">IPv4 without prefix; null = from DHCP.</param>
internal sealed record WantedConfig(string Revision, string? Address);

/// <summary>The one node whose configuration is being changed.</summary>
/// <param name="Since">When its turn began, for this leader.</param>
/// <param name="SentAt">Since when it may have the order; null before.</param>
/// <param name="Failure">How it failed: "refused: E_BAD_GATEWAY …", "rolled-back: …"; empty otherwise.</param>
internal sealed record RolloutTurn(NodeId Node, string Revision, DateTimeOffset Since, DateTimeOffset? SentAt = null, string Failure = "")
{
    /// <summary>What the leader before left: the node may have taken the order, and be away because of it.</summary>
    public static RolloutTurn? Of(RolloutRecord record, DateTimeOffset now) =>
        record.Node is { } node ? new RolloutTurn(node, record.Revision, now, now, record.Failure) : null;

    public static RolloutRecord RecordOf(RolloutTurn? turn) =>
        turn is null ? new RolloutRecord() : new RolloutRecord { Node = turn.Node, Revision = turn.Revision, Failure = turn.Failure };
}

/// <param name="Turn">Whose turn it is now.</param>
/// <param name="Send">The order may go to that node now.</param>
/// <param name="LookAgain">When to plan again though nothing changes.</param>
internal sealed record RolloutPlan(RolloutTurn? Turn, bool Send, RolloutView View, DateTimeOffset? LookAgain);

/// <param name="Return">So long a node may take, from the order until it is back in the cluster as wanted: the limit of a change of address, a restart of its engine, joining the swarm anew.</param>
/// <param name="Demotion">So long the swarm may take to do without a manager.</param>
/// <param name="SendAgain">A node that is there and shows nothing of the order after so long did not get it.</param>
/// <param name="Introduction">So long others wait for a node of which this leader knows nothing yet.</param>
internal sealed record RolloutTimings(TimeSpan Return, TimeSpan Demotion, TimeSpan SendAgain, TimeSpan Introduction)
{
    public static RolloutTimings Default { get; } = new(TimeSpan.FromMinutes(6), TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(60));
}
