using System.Collections.Immutable;
using RpiAgent.Consul;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Election;
using RpiAgent.Coordinator.Model;
using RpiAgent.Identity;

namespace RpiAgent.Coordinator.Rollout;

/// <summary>Brings changed configuration (addresses, name servers, Docker options) to the nodes, while this process leads.</summary>
internal sealed partial class RolloutLoop(ClusterState state, RolloutStore store, RolloutOrders orders, RolloutTimings timings, SteadyTime time, ILogger<RolloutLoop> log)
{
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(2);

    public async Task RunAsync(Term term)
    {
        RolloutRecord stored = await store.ReadAsync(term.Ended);
        RolloutTurn? turn = RolloutTurn.Of(stored, time.GetUtcNow());
        string halted = "";
        while (!term.Ended.IsCancellationRequested)
        {
            ClusterSnapshot snapshot = state.Current;
            DateTimeOffset now = time.GetUtcNow();
            RolloutPlan plan = RolloutPlanner.Plan(snapshot, snapshot.Nodes.ToImmutableSortedDictionary(node => node.Key, node => orders.Wanted(node.Value)), turn, timings, now);
            turn = plan.Turn;
            if (plan.View != snapshot.Rollout)
            {
                snapshot = state.Update(current => current with { Rollout = plan.View });
            }

            if (plan.View.Halted.Length > 0 && plan.View.Halted != halted)
            {
                LogHalted(plan.View.Halted);
            }

            halted = plan.View.Halted;
            if (await TryStoreAsync(stored, RolloutTurn.RecordOf(turn), term) is not { } written)
            {
                await Task.Delay(AfterFailure, time, term.Ended);
                continue;
            }

            stored = written;
            if (plan is { Send: true, Turn: { } due })
            {
                turn = await orders.SendAsync(snapshot.Nodes[due.Node], due, term);
                continue;
            }

            await state.WaitForNewerAsync(snapshot.Revision, plan.LookAgain - now, time, term.Ended);
        }
    }

    /// <summary>Before the node is told: a leader that comes meanwhile must know whom it has to wait for.</summary>
    /// <returns>What is stored now; null when that is not known.</returns>
    private async Task<RolloutRecord?> TryStoreAsync(RolloutRecord stored, RolloutRecord wanted, Term term)
    {
        if (stored == wanted)
        {
            return stored;
        }

        try
        {
            await store.WriteAsync(wanted, term);
            return wanted;
        }
        catch (ConsulException failure)
        {
            LogNotStored(failure.Message);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The nodes' configuration is not rolled out further: {Reason}")]
    private partial void LogHalted(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Whose configuration changes could not be stored, trying on: {Reason}")]
    private partial void LogNotStored(string reason);
}
