using Grpc.Core;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Election;
using RpiAgent.Coordinator.Enrolment;
using RpiAgent.Coordinator.Model;
using RpiAgent.Identity;
using RpiAgent.Protos;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Rollout;

/// <summary>What each node's own configuration shall be, and telling it so.</summary>
internal sealed partial class RolloutOrders(AgentConnections connections, CoordinatorOptions options, SteadyTime time, ILogger<RolloutOrders> log)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private readonly Dictionary<NodeId, (NodeRecord Record, WantedConfig Wanted)> _known = [];

    /// <summary>Made anew only for a record that changed.</summary>
    public WantedConfig Wanted(NodeView node)
    {
        if (!_known.TryGetValue(node.Id, out (NodeRecord Record, WantedConfig Wanted) known) || !ReferenceEquals(known.Record, node.Record))
        {
            known = (node.Record, new WantedConfig(NodeSpecs.For(node.Record, options, "").Revision, node.Record.Address?.Split('/')[0]));
            _known[node.Id] = known;
        }

        return known.Wanted;
    }

    /// <returns>The turn as it is then. A node that did not answer may have taken the order.</returns>
    public async Task<RolloutTurn> SendAsync(NodeView node, RolloutTurn turn, Term term)
    {
        try
        {
            AgentConnection agent = connections.Find(node.Id) ?? throw new RpcException(new Status(StatusCode.Unavailable, "it is not connected"));
            Wire.ConfigureNodeRequest order = new() { Epoch = term.Epoch, Spec = NodeSpecs.For(node.Record, options, "") };
            await Deadline.WithinAsync(Limit, time, limit => agent.Client.ConfigureNodeAsync(order, cancellationToken: limit), term.Ended);
            LogSent(node.Name, turn.Revision);
        }
        catch (RpcException refused) when (refused.StatusCode is StatusCode.FailedPrecondition or StatusCode.InvalidArgument or StatusCode.Aborted)
        {
            return turn with { Failure = $"refused: {refused.Status.Detail}" };
        }
        catch (Exception failure) when (failure is RpcException or ObjectDisposedException && !term.Ended.IsCancellationRequested)
        {
            LogNotSent(node.Name, failure is RpcException call ? call.Status.Detail : failure.Message);
        }

        return turn with { SentAt = time.GetUtcNow() };
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Node} was told its configuration {Revision}")]
    private partial void LogSent(string node, string revision);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Node} could not be told its configuration, trying on: {Reason}")]
    private partial void LogNotSent(string node, string reason);
}
