using Grpc.Core;
using RpiAgent.Consul;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Election;
using RpiAgent.Coordinator.Model;
using RpiAgent.Identity;
using RpiAgent.Protos;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Dispatch;

/// <summary>Brings every stored assignment to its node: at once when it changes, again at each new connection. Sending twice is harmless.</summary>
internal sealed partial class AssignmentDispatcher(
    ClusterState state, AgentConnections connections, AssignmentStore store, TimeProvider time, ILogger<AssignmentDispatcher> log)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    public async Task RunAsync(Term term)
    {
        Dictionary<NodeId, Delivery> delivered = [];
        Dictionary<NodeId, Task<Delivery?>> sending = [];
        while (!term.Ended.IsCancellationRequested)
        {
            ClusterSnapshot snapshot = state.Current;
            ImageIndex images = new(snapshot);
            foreach (NodeAssignment assignment in snapshot.Assignments.Values.Where(one => !sending.ContainsKey(one.Node)))
            {
                if (connections.Find(assignment.Node) is not AgentConnection agent || snapshot.Nodes.GetValueOrDefault(assignment.Node) is not NodeView node)
                {
                    continue;
                }

                Delivery wanted = new(agent.Number, AssignmentMapping.ToWire(assignment, snapshot, images));
                bool needless = node.Status?.Held == assignment.Version && wanted.Request.Assignment.Replicas.All(replica => replica.ImageSources.Count == 0);
                if (!needless && delivered.GetValueOrDefault(assignment.Node) != wanted)
                {
                    sending[assignment.Node] = Task.Run(() => SendAsync(agent, node.Name, wanted, term), CancellationToken.None);
                }
            }

            await Task.WhenAny([ChangedAsync(snapshot.Revision, term.Ended), .. sending.Values]);
            foreach ((NodeId node, Task<Delivery?> done) in sending.Where(one => one.Value.IsCompleted).ToArray())
            {
                sending.Remove(node);
                if (await done is Delivery sent)
                {
                    delivered[node] = sent;
                }
            }
        }
    }

    private async Task ChangedAsync(ulong revision, CancellationToken cancel)
    {
        Task changed = state.WaitForNewerAsync(revision, cancel);
        await changed.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Null when it has to be tried again. Never throws.</summary>
    private async Task<Delivery?> SendAsync(AgentConnection agent, string node, Delivery delivery, Term term)
    {
        Wire.AssignmentVersion version = delivery.Request.Assignment.Version;
        try
        {
            Wire.ApplyReply reply = await Deadline.WithinAsync(
                Limit, time, limit => agent.Client.ApplyAsync(delivery.Request, cancellationToken: limit), term.Ended);
            if (reply.Outcome == Wire.ApplyReply.Types.Outcome.Accepted)
            {
                LogAccepted(node, version.Epoch, version.Generation, delivery.Request.Assignment.Replicas.Count);
            }

            return delivery;
        }
        catch (RpcException overtaken) when (overtaken.StatusCode == StatusCode.FailedPrecondition && version.Epoch < term.Epoch)
        {
            // Stored by an earlier leader, and the node has heard of us meanwhile.
            await TryAsync(() => store.RenewVersionAsync(agent.Node, term));
        }
        catch (RpcException stale) when (stale.StatusCode == StatusCode.FailedPrecondition)
        {
            LogStale(node, version.Epoch, version.Generation, stale.Status.Detail);
            return delivery;
        }
        catch (RpcException conflict) when (conflict.StatusCode == StatusCode.AlreadyExists)
        {
            LogConflict(node, version.Epoch, version.Generation);
            await TryAsync(() => store.RenewVersionAsync(agent.Node, term));
        }
        catch (Exception failure)
        {
            if (!term.Ended.IsCancellationRequested)
            {
                LogFailed(node, failure is RpcException rpc ? rpc.Status.Detail : failure.Message);
            }
        }

        await Task.Delay(Retry, time, term.Ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return null;
    }

    private async Task TryAsync(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (Exception failure) when (failure is ConsulException or OperationCanceledException)
        {
            LogNotRenewed(failure.Message);
        }
    }

    /// <summary>What was sent over which connection.</summary>
    private sealed record Delivery(long Connection, Wire.ApplyRequest Request);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Node} has accepted {Epoch}.{Generation} with {Replicas} replicas")]
    private partial void LogAccepted(string node, ulong epoch, ulong generation, int replicas);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Node} has heard of a later leader and refuses {Epoch}.{Generation}: {Reason}. If this stays, Consul's data is older than the node's: restore it, or reset the node")]
    private partial void LogStale(string node, ulong epoch, ulong generation, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Node} holds {Epoch}.{Generation} with other content; it gets a new version")]
    private partial void LogConflict(string node, ulong epoch, ulong generation);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Node} could not be told its assignment, trying on: {Reason}")]
    private partial void LogFailed(string node, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A new version could not be stored: {Reason}")]
    private partial void LogNotRenewed(string reason);
}
