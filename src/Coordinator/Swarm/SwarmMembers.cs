using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Swarm;

/// <summary>With a quorum: who joins, who leaves, who is promoted, which dead entries go.</summary>
internal static class SwarmMembers
{
    public static ImmutableArray<SwarmStep> Plan(ClusterSnapshot cluster, SwarmCouncil council)
    {
        NodeView[] ready = [.. cluster.Nodes.Values.Where(node => node.Ready)];
        SwarmStep[] leaving = [.. ready.Where(node => !IsStrangers(node, cluster.Swarm)).Select(node => Leaving(node, council, cluster.Rollout.Turn == node.Id)).OfType<LeaveSwarm>()];
        return [.. leaving, .. Joining(cluster, ready, council), .. Roles(cluster, ready, council), .. Removals(cluster, council)];
    }

    public static SwarmPhase PhaseOf(ClusterSnapshot cluster, SwarmCouncil council)
    {
        string[] missing = [.. cluster.Nodes.Values
            .Where(node => council.PeerOf(node) is not { State: "ready" } || !node.Ready)
            .Select(node => IsStrangers(node, cluster.Swarm)
                ? $"{node.Name} (it manages a swarm of its own, {node.Status!.Swarm.ClusterId}; if that may go: `docker swarm leave --force` there)" : node.Name)];
        return missing.Length == 0
            ? new SwarmPhase("active", $"{council.Peers.Length} nodes")
            : new SwarmPhase("degraded", $"not in the swarm or not answering: {string.Join(", ", missing)}");
    }

    /// <summary>It manages a swarm that was never this cluster's: its owner's services and secrets are in it, so it is for the owner to end it.</summary>
    public static bool IsStrangers(NodeView node, SwarmRecord record) =>
        node.Status?.Swarm is { State: "active", Manager: true, ClusterId: { Length: > 0 } id } && id != record.ClusterId && !record.FormerIds.Contains(id);

    /// <summary>Who is in a swarm, but not in ours.</summary>
    private static LeaveSwarm? Leaving(NodeView node, SwarmCouncil council, bool isInTurn)
    {
        SwarmView swarm = node.Status!.Swarm;
        SwarmPeerView? peer = council.PeerOf(node);
        string? why = swarm.State switch
        {
            "active" when !swarm.Manager && SwarmCandidates.AddressOf(node) is string address && !swarm.IsAt(address) => $"its address is {address} now, not {swarm.Address}",
            "active" when peer is null => "it belongs to another swarm, or was removed from this one",
            // Managers of before a rebuild, with a leader of their own.
            "active" when swarm.Manager && peer is { Manager: false } && swarm.Peers.FirstOrDefault(other => other.Leader) is { } leader
                && leader.SwarmNodeId != council.Leader => "it is a manager of the swarm before the rebuild",
            "active" when swarm.Manager && peer is { Manager: false, State: "down" } && swarm.Peers.IsEmpty => "it waits for managers that are no more",
            // An engine waits for ever when its entry was removed while it was off. Of one that has just joined the list knows within seconds.
            "pending" when !swarm.Manager && swarm.SwarmNodeId.Length > 0 && peer is null => "it was removed from the swarm",
            // So does one that was off while all managers got other addresses.
            "pending" when !swarm.Manager && peer is { Manager: false, State: "down" } => "it does not find the managers",
            "error" or "locked" => $"its membership is broken ({swarm.Error})",
            _ => null,
        };
        int patience = isInTurn && swarm.State == "active" ? LeaveSwarm.Expected : swarm.State == "pending" && peer is not null ? LeaveSwarm.InVain : LeaveSwarm.Usual;
        return why is null ? null : new LeaveSwarm(node.Id, why, patience);
    }

    private static IEnumerable<SwarmStep> Joining(ClusterSnapshot cluster, NodeView[] ready, SwarmCouncil council)
    {
        int lacking = SwarmPolicy.ManagersFor(cluster.Nodes.Count) - LiveManagers(ready, council).Length;
        ImmutableArray<string> managers = [.. council.Peers
            .Where(peer => peer.Manager && peer.Reachability == "reachable" && peer.Address.Length > 0)
            .OrderByDescending(peer => peer.Leader).ThenBy(peer => peer.SwarmNodeId, StringComparer.Ordinal)
            .Select(peer => AtPort(peer.Address))];
        if (managers.IsEmpty && SwarmCandidates.AddressOf(council.Voice) is string own)
        {
            managers = [AtPort(own)];
        }

        foreach (NodeView node in SwarmCandidates.InOrder(ready.Where(node => node.Status!.Swarm.State == "inactive")))
        {
            if (SwarmCandidates.AddressOf(node) is string address)
            {
                yield return new JoinSwarm(node.Id, address, AsManager: lacking-- > 0 && !node.Record.Drained, council.Voice.Id, managers);
            }
        }
    }

    /// <summary>One change at a time: each one changes what a quorum is.</summary>
    private static IEnumerable<SwarmStep> Roles(ClusterSnapshot cluster, NodeView[] ready, SwarmCouncil council)
    {
        int wanted = SwarmPolicy.ManagersFor(cluster.Nodes.Count);
        NodeId? moving = cluster.Rollout.Readdresses ? cluster.Rollout.Turn : null;
        NodeView[] live = [.. LiveManagers(ready, council).Where(node => node.Id != moving)];
        NodeView[] workers = [.. SwarmCandidates.InOrder(ready.Where(node => node.Id != moving
            && node.Status!.Swarm is { State: "active", Manager: false } swarm && swarm.IsAt(node.Status.Address) && council.PeerOf(node) is { Manager: false, State: "ready" }))];
        bool othersJoin = ready.Any(node => node.Status!.Swarm.State == "inactive");
        if (live.Length < wanted && !othersJoin && workers.FirstOrDefault(node => !node.Record.Drained) is NodeView next)
        {
            yield return new SetSwarmRole(council.Voice.Id, council.PeerOf(next)!.SwarmNodeId, true, $"{next.Name} becomes a manager: {live.Length} of {wanted} live");
            yield break;
        }

        // A manager must stay at its address; as a worker it may leave and come back under another one.
        if (live.Length > 0 && ready.FirstOrDefault(node => node.Id == moving) is { } mover && council.PeerOf(mover) is { Manager: true } entry)
        {
            yield return new SetSwarmRole((council.Voice.Id == moving ? live[0] : council.Voice).Id, entry.SwarmNodeId, false, $"{mover.Name} gets another address");
            yield break;
        }

        // Dead managers count for the quorum until they are demoted; only once they are replaced, or it would be lost.
        NodeView? dead = cluster.Nodes.Values.FirstOrDefault(node => node.Down && council.PeerOf(node) is { Manager: true, Leader: false });
        if (dead is not null && live.Length >= wanted)
        {
            yield return new SetSwarmRole(council.Voice.Id, council.PeerOf(dead)!.SwarmNodeId, false, $"{dead.Name} is down and replaced");
            yield break;
        }

        if (live.Length > wanted && cluster.Nodes.Values.All(node => node.Ready))
        {
            NodeView last = SwarmCandidates.InOrder(live.Where(node => !node.Status!.Swarm.Leader && node.Id != council.Voice.Id)).Last();
            yield return new SetSwarmRole(council.Voice.Id, council.PeerOf(last)!.SwarmNodeId, false, $"{wanted} managers are enough");
        }
    }

    /// <summary>Entries of nodes that have joined again under another id, or were removed from the cluster.</summary>
    private static IEnumerable<SwarmStep> Removals(ClusterSnapshot cluster, SwarmCouncil council)
    {
        HashSet<string> current = [.. cluster.Nodes.Values.Select(node => node.Status?.Swarm.SwarmNodeId ?? "").Where(id => id.Length > 0)];
        foreach (SwarmPeerView peer in council.Peers.Where(peer => peer.State == "down" && !peer.Leader && !current.Contains(peer.SwarmNodeId)))
        {
            NodeView? owner = cluster.Nodes.Values.FirstOrDefault(node => node.Name == peer.HostName);
            // A node whose status was never seen may still be this one.
            if (owner is not null && council.PeerOf(owner) is null)
            {
                continue;
            }

            string why = owner is null ? $"no node is called {peer.HostName}" : $"{owner.Name} has joined again";
            yield return peer.Manager
                ? new SetSwarmRole(council.Voice.Id, peer.SwarmNodeId, false, why)
                : new RemoveSwarmNode(council.Voice.Id, peer.SwarmNodeId, why);
        }
    }

    /// <summary>Swarm's own port, where new nodes join.</summary>
    private static string AtPort(string address) => $"{address.Split(':')[0]}:2377";

    private static NodeView[] LiveManagers(NodeView[] ready, SwarmCouncil council) =>
        [.. ready.Where(node => council.PeerOf(node) is { Manager: true, Reachability: not "unreachable" })];
}
