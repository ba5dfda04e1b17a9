using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Reconciliation;

/// <summary>
/// What is wanted against what is assigned: who stays, who is placed where, who waits and why. The same snapshot gives the same
/// answer, and after it was applied there is nothing left to do.
/// </summary>
internal static class Reconciler
{
    public static ChangeSet Reconcile(ClusterSnapshot cluster, ReconcileRules rules, DateTimeOffset now)
    {
        PlacementRound round = new(cluster, rules, now);
        List<WantedReplica> wanted = [];
        foreach (StackSpec stack in cluster.Stacks.Values)
        {
            foreach (WorkloadSpec workload in stack.Workloads.OrderBy(workload => workload.Id))
            {
                Wanted shared = new(stack, workload, SpecHash.Of(workload.Container));
                wanted.AddRange(workload.Global
                    ? round.AssignedOf(workload.Id).Select(id => new WantedReplica(id, shared))
                    : Enumerable.Range(1, Math.Max(0, workload.Replicas)).Select(index => new WantedReplica(new ReplicaId(workload.Id, index), shared)));
            }
        }

        // Who runs unchanged has the first claim to ports and memory, then who is updated in place, then who is new.
        List<WantedReplica> left = [.. wanted.Where(replica => !round.TryStay(replica, changed: false))];
        left = [.. left.Where(replica => !round.TryStay(replica, changed: true))];
        foreach (WantedReplica replica in left.Where(replica => !replica.Of.Workload.Global))
        {
            round.Place(replica);
        }

        foreach (StackSpec stack in cluster.Stacks.Values)
        {
            foreach (WorkloadSpec workload in stack.Workloads.Where(workload => workload.Global).OrderBy(workload => workload.Id))
            {
                round.PlaceEverywhere(new Wanted(stack, workload, SpecHash.Of(workload.Container)));
            }
        }

        return round.Result();
    }
}

/// <param name="Hash">Of the wanted container.</param>
internal sealed record Wanted(StackSpec Stack, WorkloadSpec Workload, string Hash);

internal readonly record struct WantedReplica(ReplicaId Id, Wanted Of);
