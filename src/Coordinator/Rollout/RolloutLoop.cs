using System.Collections.Immutable;
using Grpc.Core;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Election;
using RpiAgent.Coordinator.Enrolment;
using RpiAgent.Coordinator.Model;
using RpiAgent.Identity;
using RpiAgent.Protos;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Rollout;

/// <summary>Brings changed configuration (addresses, name servers, Docker options) to the nodes, while this process leads.</summary>
internal sealed partial class RolloutLoop(
    ClusterState state, AgentConnections connections, CoordinatorOptions options, RolloutTimings timings, SteadyTime time, ILogger<RolloutLoop> log)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(2);

    public async Task RunAsync(Term term)
    {
        RolloutTurn? turn = null;
        string halted = "";
        while (!term.Ended.IsCancellationRequested)
        {
            ClusterSnapshot snapshot = state.Current;
            DateTimeOffset now = time.GetUtcNow();
            RolloutPlan plan = RolloutPlanner.Plan(snapshot, snapshot.Nodes.ToImmutableSortedDictionary(node => node.Key, node => Wanted(node.Value)), turn, timings, now);
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
            if (plan is { Send: true, Turn: { } due })
            {
                turn = await SendAsync(snapshot.Nodes[due.Node], due, term);
                continue;
            }

            await state.WaitForNewerAsync(snapshot.Revision, plan.LookAgain - now, time, term.Ended);
        }
    }

    private WantedConfig Wanted(NodeView node)
    {
        Wire.NodeSpec spec = NodeSpecs.For(node.Record, options, "");
        return new WantedConfig(spec.Revision, node.Record.Address?.Split('/')[0]);
    }

    private async Task<RolloutTurn> SendAsync(NodeView node, RolloutTurn turn, Term term)
    {
        try
        {
            AgentConnection agent = connections.Find(node.Id) ?? throw new RpcException(new Status(StatusCode.Unavailable, "it is not connected"));
            Wire.ConfigureNodeRequest order = new() { Epoch = term.Epoch, Spec = NodeSpecs.For(node.Record, options, "") };
            await agent.Client.ConfigureNodeAsync(order, deadline: Deadline.After(Limit), cancellationToken: term.Ended);
            LogSent(node.Name, turn.Revision);
            return turn with { SentAt = time.GetUtcNow() };
        }
        catch (RpcException refused) when (refused.StatusCode is StatusCode.FailedPrecondition or StatusCode.InvalidArgument)
        {
            return turn with { Refusal = refused.Status.Detail };
        }
        catch (RpcException failure) when (!term.Ended.IsCancellationRequested)
        {
            LogNotSent(node.Name, failure.Status.Detail);
            await Task.Delay(AfterFailure, time, term.Ended);
            return turn;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Node} was told its configuration {Revision}")]
    private partial void LogSent(string node, string revision);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Node} could not be told its configuration, trying on: {Reason}")]
    private partial void LogNotSent(string node, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The nodes' configuration is not rolled out further: {Reason}")]
    private partial void LogHalted(string reason);
}
