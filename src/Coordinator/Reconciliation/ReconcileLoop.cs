using System.Collections.Immutable;
using RpiAgent.Consul;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Election;
using RpiAgent.Coordinator.Model;
using RpiAgent.Identity;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Reconciliation;

/// <summary>Stores a change set. False: the snapshot was overtaken. Throws what Consul throws.</summary>
internal delegate Task<bool> StoreChanges(ClusterSnapshot basis, ChangeSet change, Term term);

/// <summary>Reconciles at every change of the snapshot, while this process leads.</summary>
internal sealed partial class ReconcileLoop(ClusterState state, StoreChanges store, ReconcileRules rules, SteadyTime time, ILogger<ReconcileLoop> log)
{
    private static readonly TimeSpan AfterFailure = TimeSpan.FromMilliseconds(500);

    public async Task RunAsync(Term term)
    {
        while (!term.Ended.IsCancellationRequested)
        {
            ClusterSnapshot snapshot = state.Current;
            DateTimeOffset now = time.GetUtcNow();
            ChangeSet change = Reconciler.Reconcile(snapshot, rules, now);
            if (!change.IsEmpty && !await StoreAsync(snapshot, change, term))
            {
                await Task.Delay(AfterFailure, time, term.Ended);
                continue;
            }

            Tell(snapshot, change);
            if (!SamePending(snapshot.Pending, change.Pending))
            {
                state.Update(current => current with { Pending = change.Pending });
            }

            await state.WaitForNewerAsync(snapshot.Revision, change.LookAgain - now, time, term.Ended);
        }
    }

    private async Task<bool> StoreAsync(ClusterSnapshot snapshot, ChangeSet change, Term term)
    {
        try
        {
            return await store(snapshot, change, term);
        }
        catch (ConsulException failure)
        {
            LogNotStored(term.Epoch, failure.Message);
            return false;
        }
    }

    private void Tell(ClusterSnapshot before, ChangeSet change)
    {
        foreach (ReplicaDecision decision in change.Decisions)
        {
            switch (decision.Action)
            {
                case ReplicaAction.Keep:
                    break;
                case ReplicaAction.Wait when before.Pending.TryGetValue(decision.Id, out PendingReplica? known) && known.Message == decision.Explanation:
                    break;
                case ReplicaAction.Wait:
                    LogPending(decision.Id, decision.Explanation);
                    break;
                default:
                    LogDecision(decision.Id, decision.Action, decision.Node, decision.Explanation);
                    break;
            }
        }
    }

    private static bool SamePending(ImmutableSortedDictionary<ReplicaId, PendingReplica> one, ImmutableSortedDictionary<ReplicaId, PendingReplica> other) =>
        one.Count == other.Count && one.Values.Zip(other.Values).All(pair =>
            pair.First with { Reasons = pair.Second.Reasons } == pair.Second && pair.First.Reasons.SequenceEqual(pair.Second.Reasons));

    [LoggerMessage(Level = LogLevel.Information, Message = "{Replica}: {Action} on {Node}: {Explanation}")]
    private partial void LogDecision(ReplicaId replica, ReplicaAction action, string node, string explanation);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Replica} waits: {Explanation}")]
    private partial void LogPending(ReplicaId replica, string explanation);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What was decided in epoch {Epoch} could not be stored, trying on: {Reason}")]
    private partial void LogNotStored(ulong epoch, string reason);
}
