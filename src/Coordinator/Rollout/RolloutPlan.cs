using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Rollout;

/// <summary>What a node's own configuration shall be.</summary>
/// <param name="Address">IPv4 without prefix; null = from DHCP.</param>
internal sealed record WantedConfig(string Revision, string? Address);

/// <summary>The one node whose configuration is being changed.</summary>
/// <param name="Since">When its turn began.</param>
/// <param name="SentAt">When it took the order; null before.</param>
/// <param name="Refusal">Why it did not take the order; empty otherwise.</param>
internal sealed record RolloutTurn(NodeId Node, string Revision, DateTimeOffset Since, DateTimeOffset? SentAt = null, string Refusal = "");

/// <param name="Turn">Whose turn it is now.</param>
/// <param name="Send">The order may go to that node now.</param>
/// <param name="LookAgain">When to plan again though nothing changes.</param>
internal sealed record RolloutPlan(RolloutTurn? Turn, bool Send, RolloutView View, DateTimeOffset? LookAgain);

/// <param name="Return">So long a node may take, from the order until it is back in the cluster as wanted: the limit of a change of address, a restart of its engine, joining the swarm anew.</param>
/// <param name="Demotion">So long the swarm may take to do without a manager.</param>
internal sealed record RolloutTimings(TimeSpan Return, TimeSpan Demotion)
{
    public static RolloutTimings Default { get; } = new(TimeSpan.FromMinutes(6), TimeSpan.FromSeconds(60));
}
