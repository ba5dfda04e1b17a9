using System.Collections.Immutable;
using Grpc.Core;
using RpiAgent.Consul;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Election;
using RpiAgent.Coordinator.Model;
using RpiAgent.Identity;
using RpiAgent.Protos;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Swarm;

/// <summary>Plans at every change of the snapshot and has the steps done, while this process leads.</summary>
internal sealed partial class SwarmRunner(
    ClusterState state, SwarmOrders orders, ConsulClient consul, SwarmPolicy policy, SteadyTime time, ILogger<SwarmRunner> log)
{
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ForStatus = TimeSpan.FromSeconds(3);

    public async Task RunAsync(Term term)
    {
        Dictionary<SwarmStep, DateTimeOffset> proposed = [];
        while (!term.Ended.IsCancellationRequested)
        {
            ClusterSnapshot snapshot = state.Current;
            DateTimeOffset now = time.GetUtcNow();
            SwarmPlan plan = SwarmPlanner.Plan(snapshot, policy, now);
            if (plan.Phase != snapshot.SwarmPhase)
            {
                snapshot = state.Update(current => current with { SwarmPhase = plan.Phase });
                LogPhase(plan.Phase.Name, plan.Phase.Reason);
            }

            proposed = plan.Steps.Distinct().ToDictionary(step => step, step => proposed.GetValueOrDefault(step, now));
            SwarmStep[] due = [.. plan.Steps.Distinct().Where(step => now - proposed[step] >= step.Patience)];
            if (due.Length > 0)
            {
                bool done = await RunStepsAsync(due, term);
                await AwaitStatusAsync(due, snapshot, term.Ended);
                if (!done)
                {
                    await Task.Delay(AfterFailure, time, term.Ended);
                }

                continue;
            }

            DateTimeOffset? again = plan.Steps.Select(step => (DateTimeOffset?)(proposed[step] + step.Patience)).Append(plan.LookAgain).Min();
            await state.WaitForNewerAsync(snapshot.Revision, again - now, time, term.Ended);
        }
    }

    /// <summary>Workers join side by side; all else goes one after the other.</summary>
    private async Task<bool> RunStepsAsync(SwarmStep[] due, Term term)
    {
        Task<bool>[] joins = [.. due.Where(step => step is JoinSwarm { AsManager: false }).Select(step => RunStepAsync(step, term))];
        bool done = true;
        foreach (SwarmStep step in due.Where(step => step is not JoinSwarm { AsManager: false }))
        {
            done &= await RunStepAsync(step, term);
        }

        return (await Task.WhenAll(joins)).All(ok => ok) && done;
    }

    private async Task<bool> RunStepAsync(SwarmStep step, Term term)
    {
        string who = state.Current.Nodes.GetValueOrDefault(step.Node)?.Name ?? step.Node.Value;
        try
        {
            if (step is RecordSwarm write)
            {
                await RecordAsync(write.Record, term);
                return true;
            }

            Wire.SwarmOrderReply reply = await orders.RunAsync(step, term.Epoch, term.Ended);
            LogDone(who, step);
            if (step is InitSwarm && reply.ClusterId.Length > 0)
            {
                await RecordAsync(state.Current.Swarm.Next(reply.ClusterId, step.Node), term);
            }
            else if (step is CreateNetwork create)
            {
                Remember(create, reply.NetworkId);
            }

            return true;
        }
        catch (RpcException failure) when (!term.Ended.IsCancellationRequested)
        {
            LogFailed(who, step, failure.Status.Detail);
        }
        catch (ConsulException failure)
        {
            LogFailed(who, step, failure.Message);
        }

        return false;
    }

    private async Task RecordAsync(SwarmRecord record, Term term)
    {
        byte[] json = ModelJson.Write(record, ModelJson.Default.SwarmRecord);
        TransactionResult result = await consul.Transactions.RunAsync([term.Fence, TransactionOperation.Set(ConsulKeys.Swarm, json)], term.Ended);
        if (!result.Committed)
        {
            throw new ConsulException($"Consul refused the record of the swarm: {result.Reason}");
        }

        state.Update(snapshot => snapshot with { Swarm = record });
    }

    /// <summary>The network exists now; the manager's next status would say it later.</summary>
    private void Remember(CreateNetwork made, string id) => state.Update(snapshot =>
    {
        if (snapshot.Nodes.GetValueOrDefault(made.Node) is not { Status: { } status } node || status.Swarm.Networks.Any(network => network.Name == made.Name))
        {
            return snapshot;
        }

        SwarmNetworkView network = new(id, made.Name, ImmutableSortedDictionary<string, string>.Empty.Add(ContainerLabels.Stack, made.Stack));
        SwarmView swarm = status.Swarm with { Networks = status.Swarm.Networks.Add(network) };
        return snapshot with { Nodes = snapshot.Nodes.SetItem(node.Id, node with { Status = status with { Swarm = swarm } }) };
    });

    /// <summary>Until every node that did something has told its new state, for a while at most.</summary>
    private async Task AwaitStatusAsync(SwarmStep[] done, ClusterSnapshot before, CancellationToken cancel)
    {
        NodeId[] touched = [.. done.Where(step => step is not (RecordSwarm or CreateNetwork)).Select(step => step.Node).Distinct()];
        if (touched.Length == 0)
        {
            return;
        }

        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(ForStatus);
        try
        {
            await state.WaitUntilAsync(
                snapshot => touched.All(node => Swarm(snapshot, node) is SwarmView now && !Same(now, Swarm(before, node))), patience.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // The plan is made from what is known then.
        }

        static SwarmView? Swarm(ClusterSnapshot snapshot, NodeId node) => snapshot.Nodes.GetValueOrDefault(node)?.Status?.Swarm;

        static bool Same(SwarmView one, SwarmView? other) => other is not null && one.State == other.State && one.SwarmNodeId == other.SwarmNodeId
            && one.Manager == other.Manager && one.Peers.SequenceEqual(other.Peers) && one.Networks.Length == other.Networks.Length;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Swarm: {Phase}, {Reason}")]
    private partial void LogPhase(string phase, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Node} did {Step}")]
    private partial void LogDone(string node, SwarmStep step);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Node} could not do {Step}: {Reason}")]
    private partial void LogFailed(string node, SwarmStep step, string reason);
}
