using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Cluster;

/// <summary>Who is called dead. Slow to condemn: its replicas are then started elsewhere.</summary>
internal static class MembershipRules
{
    /// <summary>
    /// Down is who neither answers us nor reports to Consul. A fresh leader gives all a while to come forward:
    /// who has not yet been heard is unknown, not down.
    /// </summary>
    /// <returns>The nodes with their marks, and when to look again though nothing changes.</returns>
    public static (ImmutableSortedDictionary<NodeId, NodeView> Nodes, DateTimeOffset? LookAgain) Judge(
        ImmutableSortedDictionary<NodeId, NodeView> nodes, DateTimeOffset leadingSince, MembershipTimings timings, DateTimeOffset now)
    {
        DateTimeOffset? again = null;
        foreach (NodeView node in nodes.Values)
        {
            if (node.Connected || node.Registered)
            {
                nodes = node.Down ? nodes.SetItem(node.Id, node with { Down = false }) : nodes;
                continue;
            }

            DateTimeOffset heard = node.LastSeen + timings.Silence;
            DateTimeOffset grace = leadingSince + timings.Grace;
            DateTimeOffset downAt = heard > grace ? heard : grace;
            if (now >= downAt)
            {
                nodes = node.Down ? nodes : nodes.SetItem(node.Id, node with { Down = true });
            }
            else if (again is null || downAt < again)
            {
                again = downAt;
            }
        }

        return (nodes, again);
    }
}

/// <param name="Grace">From the beginning of a term.</param>
/// <param name="Silence">Since the last status.</param>
internal sealed record MembershipTimings(TimeSpan Grace, TimeSpan Silence)
{
    public static MembershipTimings Default { get; } = new(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(3));
}
