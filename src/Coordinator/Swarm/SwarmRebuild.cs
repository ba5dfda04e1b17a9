using RpiAgent.Coordinator.Model;

namespace RpiAgent.Coordinator.Swarm;

/// <summary>
/// A swarm is on record, but no manager has a leader. A short outage heals by itself; only when the missing managers are dead
/// for long is the swarm built anew, from the best survivor.
/// </summary>
internal static class SwarmRebuild
{
    public static SwarmPlan Plan(ClusterSnapshot cluster, SwarmPolicy policy, DateTimeOffset now)
    {
        NodeView[] survivors = [.. SwarmCandidates.InOrder(cluster.Nodes.Values.Where(node =>
            node.Ready && node.Status!.Swarm is { Manager: true, State: "active" or "pending" or "error" }))];
        NodeView[] undecided = [.. cluster.Nodes.Values.Where(node => !node.Down && (!node.Ready || node.Status!.Swarm.State == "unknown"))];
        DateTimeOffset since = cluster.SwarmPhase is { Name: "lost", Since: DateTimeOffset begun } ? begun : now;
        DateTimeOffset due = since + policy.RebuildAfter;
        string state = survivors.Length == 0 ? "no manager answers" : $"{string.Join(", ", survivors.Select(node => node.Name))} cannot agree on a leader";
        if (undecided.Length > 0)
        {
            return Lost($"{state}; waiting for {string.Join(", ", undecided.Select(node => node.Name))}", [], due);
        }

        if (now < due)
        {
            return Lost($"{state}; it is built anew when this lasts {policy.RebuildAfter.TotalSeconds:0} s", [], due);
        }

        if (survivors.FirstOrDefault(node => SwarmCandidates.AddressOf(node) is not null) is NodeView best)
        {
            return Lost($"built anew from {best.Name}", [new InitSwarm(best.Id, SwarmCandidates.AddressOf(best)!, ForceNewCluster: true)], null);
        }

        // Workers alone cannot rebuild: forget it, so that a new one is formed.
        return cluster.Nodes.Values.FirstOrDefault(node => node.Ready) is NodeView any
            ? Lost($"{state}; a new swarm is formed", [new RecordSwarm(any.Id, cluster.Swarm.Next("", null))], null)
            : Lost("no node answers", [], due);
    }

    private static SwarmPlan Lost(string reason, SwarmStep[] steps, DateTimeOffset? again) => new([.. steps], new SwarmPhase("lost", reason), again);
}
