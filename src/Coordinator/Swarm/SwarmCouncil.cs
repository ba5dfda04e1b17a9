using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;

namespace RpiAgent.Coordinator.Swarm;

/// <summary>The managers that have a leader, as the best informed of them (<paramref name="Voice"/>) tells it.</summary>
/// <param name="Peers">The swarm's own list of its nodes.</param>
internal sealed record SwarmCouncil(NodeView Voice, ImmutableArray<SwarmPeerView> Peers)
{
    public string Leader => Peers.First(peer => peer.Leader).SwarmNodeId;

    /// <summary>What the list says of a node, or null: it is not on it.</summary>
    public SwarmPeerView? PeerOf(NodeView node) =>
        node.Status?.Swarm.SwarmNodeId is { Length: > 0 } id ? Peers.FirstOrDefault(peer => peer.SwarmNodeId == id) : null;

    /// <summary>
    /// Null when no manager on record has a leader. After a rebuild the returning managers of the old swarm may have a leader
    /// among themselves, under the same cluster id: those around the recorded first manager count, else the most.
    /// </summary>
    public static SwarmCouncil? Find(ClusterSnapshot cluster) => cluster.Nodes.Values
        .Where(node => node.Ready && node.Status!.Swarm is { State: "active", Manager: true } swarm
            && swarm.ClusterId == cluster.Swarm.ClusterId && swarm.Peers.Any(peer => peer.Leader))
        .GroupBy(node => node.Status!.Swarm.Peers.First(peer => peer.Leader).SwarmNodeId, StringComparer.Ordinal)
        .OrderByDescending(group => group.Any(node => node.Id == cluster.Swarm.FirstManager))
        .ThenByDescending(group => group.Count())
        .ThenBy(group => group.Key, StringComparer.Ordinal)
        .Select(group => group.OrderByDescending(node => node.Status!.Swarm.Leader).ThenBy(node => node.Id).First())
        .Select(voice => new SwarmCouncil(voice, voice.Status!.Swarm.Peers))
        .FirstOrDefault();
}
