using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Swarm;

/// <summary>Decides what the Pis' engines must do to be one swarm: who begins, who joins as what, who is let go, which networks there are.</summary>
internal static class SwarmPlanner
{
    public static SwarmPlan Plan(ClusterSnapshot cluster, SwarmPolicy policy, DateTimeOffset now)
    {
        SwarmPlan plan = cluster.Swarm.ClusterId.Length == 0
            ? SwarmForming.Plan(cluster, policy, now)
            : SwarmCouncil.Find(cluster) is SwarmCouncil council
                ? new SwarmPlan(
                    [.. SwarmMembers.Plan(cluster, council), .. SwarmNetworks.Plan(cluster, council)], SwarmMembers.PhaseOf(cluster, council), null)
                : SwarmRebuild.Plan(cluster, policy, now);
        SwarmPhase phase = plan.Phase with { Since = plan.Phase.Name == cluster.SwarmPhase.Name ? cluster.SwarmPhase.Since ?? now : now };
        return plan with { Phase = phase };
    }
}

/// <summary>What a node brings with it as a manager.</summary>
internal static class SwarmCandidates
{
    /// <summary>Best first: most memory, most cores, longest up, wired before WiFi, lowest id.</summary>
    public static IEnumerable<NodeView> InOrder(IEnumerable<NodeView> nodes) => nodes
        .OrderByDescending(node => MemoryOf(node))
        .ThenByDescending(node => node.Description?.Cpus ?? node.Record.Hardware.Cores)
        .ThenBy(node => node.Description?.StartedAt ?? DateTimeOffset.MaxValue)
        .ThenBy(node => node.Description?.Interface.StartsWith("wl", StringComparison.Ordinal) ?? true)
        .ThenBy(node => node.Id);

    /// <summary>The address to take part under; null while the node is not at its allotted one.</summary>
    public static string? AddressOf(NodeView node)
    {
        string current = node.Status?.Address ?? "";
        string? allotted = node.Record.Address?.Split('/')[0];
        return current.Length > 0 && (allotted is null || allotted == current) ? current : null;
    }

    /// <summary>Boards of one kind differ by some MiB; that is no reason.</summary>
    private static long MemoryOf(NodeView node) =>
        (long)Math.Round((node.Description?.MemoryBytes ?? node.Record.Hardware.MemoryBytes) / (256.0 * 1024 * 1024));
}

/// <summary>No swarm is on record: take over the one that is there, or make one.</summary>
internal static class SwarmForming
{
    public static SwarmPlan Plan(ClusterSnapshot cluster, SwarmPolicy policy, DateTimeOffset now)
    {
        NodeView[] ready = [.. cluster.Nodes.Values.Where(node => node.Ready && !node.Record.Drained)];
        if (Adopt(ready) is NodeView found)
        {
            SwarmRecord record = cluster.Swarm.Next(found.Status!.Swarm.ClusterId, found.Id);
            return Forming($"taking over the swarm of {found.Name}", [new RecordSwarm(found.Id, record)]);
        }

        SwarmStep[] stray = [.. ready
            .Where(node => node.Status!.Swarm is { State: "active" or "error" or "locked" } or { State: "pending", Manager: false } && !SwarmMembers.IsStrangers(node, cluster.Swarm))
            .Select(node => new LeaveSwarm(node.Id, "it belongs to a swarm that is no more"))];
        NodeView[] candidates = [.. ready.Where(node => node.Status!.Swarm.State == "inactive" && SwarmCandidates.AddressOf(node) is not null)];
        if (candidates.Length == 0)
        {
            return Forming(ready.Length == 0 ? "no node is ready yet" : "no node has its own address yet", [.. stray]);
        }

        DateTimeOffset settled = cluster.Nodes.Values.Where(node => !node.Down).Max(node => node.KnownSince) + policy.Settle;
        if (now < settled)
        {
            return Forming("waiting for more nodes that may be enrolling", [.. stray]) with { LookAgain = settled };
        }

        NodeView first = SwarmCandidates.InOrder(candidates).First();
        return Forming($"{first.Name} begins", [.. stray, new InitSwarm(first.Id, SwarmCandidates.AddressOf(first)!, ForceNewCluster: false)]);
    }

    private static NodeView? Adopt(NodeView[] ready) => ready
        .Where(node => node.Status!.Swarm is { State: "active", Manager: true, ClusterId.Length: > 0 } swarm && swarm.Peers.Any(peer => peer.Leader))
        .OrderByDescending(node => node.Status!.Swarm.Peers.Length).ThenByDescending(node => node.Status!.Swarm.Leader).ThenBy(node => node.Id)
        .FirstOrDefault();

    private static SwarmPlan Forming(string reason, ImmutableArray<SwarmStep> steps) => new(steps, new SwarmPhase("forming", reason), null);
}
