using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Coordinator.Scheduling;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Reconciliation;

/// <summary>What must be written for the cluster to be as wanted.</summary>
internal sealed record ChangeSet
{
    /// <summary>The whole new set of each node whose set changes, in the order of replica ids.</summary>
    public required ImmutableSortedDictionary<NodeId, ImmutableArray<AssignedReplica>> Assignments { get; init; }
    /// <summary>Homes given to volumes before their first use.</summary>
    public required ImmutableArray<VolumeRecord> Volumes { get; init; }
    /// <summary>Nodes that were removed from the cluster and still have an assignment stored.</summary>
    public required ImmutableArray<NodeId> Forgotten { get; init; }
    public required ImmutableSortedDictionary<ReplicaId, PendingReplica> Pending { get; init; }
    /// <summary>One for each replica that is or was wanted, in the order of ids.</summary>
    public required ImmutableArray<ReplicaDecision> Decisions { get; init; }
    /// <summary>When to reconcile again though nothing changes.</summary>
    public DateTimeOffset? LookAgain { get; init; }

    /// <summary>Nothing to write.</summary>
    public bool IsEmpty => Assignments.IsEmpty && Volumes.IsEmpty && Forgotten.IsEmpty;

    /// <summary>The snapshot as it is once all of this has been written under an epoch.</summary>
    public ClusterSnapshot ApplyTo(ClusterSnapshot cluster, ulong epoch)
    {
        ImmutableSortedDictionary<NodeId, NodeAssignment>.Builder assignments = cluster.Assignments.ToBuilder();
        foreach ((NodeId node, ImmutableArray<AssignedReplica> replicas) in Assignments)
        {
            assignments[node] = new NodeAssignment { Node = node, Version = Next(cluster.Assignments.GetValueOrDefault(node), epoch), Replicas = replicas };
        }

        assignments.RemoveRange(Forgotten);
        return cluster with
        {
            Assignments = assignments.ToImmutable(),
            Volumes = cluster.Volumes.SetItems(Volumes.Select(volume => KeyValuePair.Create(volume.Name, volume))),
            Pending = Pending,
        };
    }

    /// <summary>Generations count within a term.</summary>
    public static AssignmentVersion Next(NodeAssignment? held, ulong epoch) =>
        held is { Version: var version } && version.Epoch == epoch ? new AssignmentVersion(epoch, version.Generation + 1) : new AssignmentVersion(epoch, 1);
}

internal enum ReplicaAction
{
    Keep,
    Create,
    Move,
    Update,
    Remove,
    Wait,
}

/// <param name="Node">Name; empty when it has none.</param>
internal sealed record ReplicaDecision(ReplicaId Id, ReplicaAction Action, string Node, string Explanation)
{
    public ImmutableSortedDictionary<string, string> Reasons { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    public ImmutableSortedDictionary<string, double> Scores { get; init; } = ImmutableSortedDictionary<string, double>.Empty;
}

/// <param name="Policy">Of the cluster; a workload may have its own strategy.</param>
/// <param name="Settle">A fresh leader waits so long for known nodes to connect before it places anything new.</param>
internal sealed record ReconcileRules(PlacementPolicy Policy, TimeSpan Settle)
{
    /// <summary>Ask where replicas will go in the end: networks and dependencies are taken for granted.</summary>
    public bool Forecast { get; init; }

    public static ReconcileRules Default { get; } = new(PlacementPolicy.Default, TimeSpan.FromSeconds(3));
}
