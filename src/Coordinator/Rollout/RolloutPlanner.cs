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
        NodeView[] behind = [.. cluster.Nodes.Values.Where(node => wanted.ContainsKey(node.Id) && !IsDone(node, wanted[node.Id], cluster))];
        if (behind.FirstOrDefault(node => ConfigOf(node) is { Failed: true } config && config.Revision == wanted[node.Id].Revision) is { } failed)
        {
            return Halted($"{failed.Name}: {ConfigOf(failed).State}: {ConfigOf(failed).Detail}", behind.Length);
        }

        RolloutTurn? current = turn is not null && behind.Any(node => node.Id == turn.Node) && wanted[turn.Node].Revision == turn.Revision ? turn : null;
        if (current is null)
        {
            // Nodes that have just enrolled, or been switched on, bring themselves in order; they come first. So do nodes that were last seen at
            // it, or not yet seen by this leader, until they are known to be away: they may be about to tell that it failed.
            if (cluster.Nodes.Values.FirstOrDefault(node => !node.Down && ConfigOf(node).State is "" or "applying") is { } busy)
            {
                return new RolloutPlan(null, false, new RolloutView(busy.Id, false, "", behind.Length), null);
            }

            // Those that are away get their turn when they are back.
            NodeView? next = behind.Where(node => node.Ready && ConfigOf(node).Revision != wanted[node.Id].Revision)
                .OrderBy(node => node.Status!.Swarm.Manager).ThenBy(node => node.Status!.Swarm.Leader).ThenBy(node => node.Id).FirstOrDefault();
            if (next is null)
            {
                return new RolloutPlan(null, false, RolloutView.Idle with { Behind = behind.Length }, null);
            }

            current = new RolloutTurn(next.Id, wanted[next.Id].Revision, now);
        }

        return Follow(cluster.Nodes[current.Node], wanted[current.Node], current, behind.Length, timings, now);
    }

    /// <summary>Whether a node would get another address.</summary>
    public static bool Readdresses(NodeView node, WantedConfig wanted) => wanted.Address is { } address
        ? node.Status is { } status && status.Address != address
        : node.Description?.Method != "dhcp";

    private static RolloutPlan Follow(NodeView node, WantedConfig wanted, RolloutTurn turn, int behind, RolloutTimings timings, DateTimeOffset now)
    {
        if (turn.Refusal.Length > 0)
        {
            return Halted($"{node.Name}: refused: {turn.Refusal}", behind) with { Turn = turn };
        }

        bool readdresses = Readdresses(node, wanted);
        RolloutView view = new(turn.Node, readdresses, "", behind);
        if (turn.SentAt is null && readdresses && node.Status?.Swarm is { State: "active", Manager: true })
        {
            return now >= turn.Since + timings.Demotion
                ? Halted($"{node.Name}: {NoSuccessor(node.Name)}", behind) with { Turn = turn }
                : new RolloutPlan(turn, false, view, turn.Since + timings.Demotion);
        }

        if (turn.SentAt is not { } sent)
        {
            return new RolloutPlan(turn, node.Ready, view, null);
        }

        DateTimeOffset end = sent + timings.Return;
        return now >= end
            ? Halted($"{node.Name}: it is not back in the cluster {timings.Return.TotalMinutes:0} minutes after its configuration was changed", behind) with { Turn = turn }
            : new RolloutPlan(turn, false, view, end);
    }

    public static string NoSuccessor(string name) =>
        $"E_SWARM_MANAGER: {name} manages the swarm and no other node can take its place, so its address cannot change; add a node, or wait until the others are ready";

    /// <summary>Configured as wanted and back in the swarm, under the address it has now.</summary>
    private static bool IsDone(NodeView node, WantedConfig wanted, ClusterSnapshot cluster)
    {
        ConfigView config = ConfigOf(node);
        bool isInSwarm = cluster.Swarm.ClusterId.Length == 0
            || node.Status?.Swarm is { State: "active" } swarm && swarm.IsAt(node.Status.Address);
        return config.Revision == wanted.Revision && config.State == "applied" && (!node.Ready || isInSwarm);
    }

    private static ConfigView ConfigOf(NodeView node) => node.Status?.Config ?? ConfigView.Unknown;

    private static RolloutPlan Halted(string reason, int behind) => new(null, false, new RolloutView(null, false, reason, behind), null);
}
