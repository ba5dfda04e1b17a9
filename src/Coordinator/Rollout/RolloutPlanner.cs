using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Rollout;

/// <summary>Decides whose configuration is changed next: one node at a time, and nobody's after the first that could not be changed. Pure.</summary>
internal static class RolloutPlanner
{
    /// <param name="turn">As the last plan left it.</param>
    public static RolloutPlan Plan(
        ClusterSnapshot cluster, ImmutableSortedDictionary<NodeId, WantedConfig> wanted, RolloutTurn? turn, RolloutTimings timings, DateTimeOffset now)
    {
        NodeView[] behind = [.. cluster.Nodes.Values.Where(node => wanted.ContainsKey(node.Id) && !IsDone(node, wanted[node.Id], cluster, turn))];
        if (behind.FirstOrDefault(node => ConfigOf(node) is { Failed: true } config && config.Revision == wanted[node.Id].Revision) is { } failed)
        {
            // A turn, so that it is remembered when this node is off and another leader has come.
            string failure = $"{ConfigOf(failed).State}: {ConfigOf(failed).Detail}";
            return Halted(failed, new RolloutTurn(failed.Id, wanted[failed.Id].Revision, now, now, failure), failure, behind.Length);
        }

        return Current(turn, behind, wanted) is { } current
            ? Follow(cluster.Nodes[current.Node], wanted[current.Node], current, behind.Length, timings, now)
            : Next(cluster, behind, wanted, turn?.Node, timings, now);
    }

    /// <summary>The turn, while it is worth anything: it may have been sent, or can be.</summary>
    private static RolloutTurn? Current(RolloutTurn? turn, NodeView[] behind, ImmutableSortedDictionary<NodeId, WantedConfig> wanted) =>
        turn is not null && behind.FirstOrDefault(node => node.Id == turn.Node) is { } node && wanted[turn.Node].Revision == turn.Revision
            && (turn.SentAt is not null || turn.Failure.Length > 0 || node.Ready) ? turn : null;

    /// <param name="last">Whose turn it was. When something else is wanted of it, it is told that first: another one beside it would make two.</param>
    private static RolloutPlan Next(
        ClusterSnapshot cluster, NodeView[] behind, ImmutableSortedDictionary<NodeId, WantedConfig> wanted, NodeId? last, RolloutTimings timings, DateTimeOffset now)
    {
        // Nodes that have just enrolled, or been switched on, bring themselves in order; they come first. So do nodes that were last seen at
        // it, or not yet seen by this leader, for a while: they may be about to tell that it failed.
        foreach (NodeView node in cluster.Nodes.Values)
        {
            if (BusyUntil(node, cluster.Leader, timings) is { } until && now < until)
            {
                return new RolloutPlan(null, false, new RolloutView(node.Id, false, "", behind.Length), node.Connected ? null : until);
            }
        }

        // Those that are away get their turn when they are back.
        NodeView? next = behind.Where(node => node.Ready && ConfigOf(node).Revision != wanted[node.Id].Revision)
            .OrderBy(node => node.Id != last).ThenBy(node => node.Status!.Swarm.Manager).ThenBy(node => node.Status!.Swarm.Leader).ThenBy(node => node.Id).FirstOrDefault();
        return next is null
            ? new RolloutPlan(null, false, RolloutView.Idle with { Behind = behind.Length }, null)
            : Follow(next, wanted[next.Id], new RolloutTurn(next.Id, wanted[next.Id].Revision, now), behind.Length, timings, now);
    }

    /// <summary>Null for a node that is not at it. One that cannot be reached is not waited for without end.</summary>
    private static DateTimeOffset? BusyUntil(NodeView node, LeaderView leader, RolloutTimings timings) => ConfigOf(node).State switch
    {
        _ when node.Down => null,
        "" => Later(node.KnownSince, leader.Since) + timings.Introduction,
        "applying" when node.Connected => DateTimeOffset.MaxValue,
        "applying" => node.LastSeen + timings.Return,
        _ => null,
    };

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset? other) => other > one ? other.Value : one;

    /// <summary>Whether a node would get another address.</summary>
    public static bool Readdresses(NodeView node, WantedConfig wanted) => wanted.Address is { } address
        ? node.Status is { } status && status.Address != address
        : node.Description?.Method != "dhcp";

    private static RolloutPlan Follow(NodeView node, WantedConfig wanted, RolloutTurn turn, int behind, RolloutTimings timings, DateTimeOffset now)
    {
        if (turn.Failure.Length > 0)
        {
            return Halted(node, turn, turn.Failure, behind);
        }

        bool readdresses = Readdresses(node, wanted);
        RolloutView view = new(turn.Node, readdresses, "", behind);
        if (turn.SentAt is null && readdresses && node.Status?.Swarm is { State: "active", Manager: true })
        {
            return now >= turn.Since + timings.Demotion
                ? Halted(node, turn, NoSuccessor(node.Name), behind)
                : new RolloutPlan(turn, false, view, turn.Since + timings.Demotion);
        }

        if (turn.SentAt is not { } sent)
        {
            return new RolloutPlan(turn, node.Ready, view, null);
        }

        if (node.Ready && ConfigOf(node).Revision != turn.Revision && ConfigOf(node).State != "applying")
        {
            return now >= sent + timings.SendAgain
                ? Follow(node, wanted, turn with { Since = now, SentAt = null }, behind, timings, now)
                : new RolloutPlan(turn, false, view, sent + timings.SendAgain);
        }

        DateTimeOffset end = sent + timings.Return;
        return now >= end
            ? Halted(node, turn, $"it is not back in the cluster {timings.Return.TotalMinutes:0} minutes after its configuration was changed", behind)
            : new RolloutPlan(turn, false, view, end);
    }

    public static string NoSuccessor(string name) =>
        $"E_SWARM_MANAGER: {name} manages the swarm and no other node can take its place, so its address cannot change; add a node, or wait until the others are ready";

    /// <summary>Configured as wanted and back in the swarm, under the address it has now. One whose turn it is must be seen to be back with its engine.</summary>
    private static bool IsDone(NodeView node, WantedConfig wanted, ClusterSnapshot cluster, RolloutTurn? turn)
    {
        bool isInTurn = turn is { SentAt: not null } && turn.Node == node.Id;
        ConfigView config = ConfigOf(node);
        bool isInSwarm = cluster.Swarm.ClusterId.Length == 0
            || node.Status?.Swarm is { State: "active" } swarm && swarm.IsAt(node.Status.Address);
        return config.Revision == wanted.Revision && config.State == "applied" && (node.Ready ? isInSwarm : !isInTurn);
    }

    private static ConfigView ConfigOf(NodeView node) => node.Status?.Config ?? ConfigView.Unknown;

    private static RolloutPlan Halted(NodeView node, RolloutTurn turn, string reason, int behind) =>
        new(turn, false, new RolloutView(null, false, $"{node.Name}: {reason}", behind), null);
}
