using Grpc.Core;
using RpiAgent.Coordinator.Model;
using RpiAgent.Identity;
using RpiAgent.Protos;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Cluster;

/// <summary>Follows one agent's status at one endpoint, and dials again for ever.</summary>
internal sealed partial class StatusStream(
    NodeId node, string name, string endpoint, ClusterState state, AgentConnections connections, SteadyTime time, ILogger<StatusStream> log)
{
    private static readonly TimeSpan FirstAnswer = TimeSpan.FromSeconds(5);

    /// <summary>Agents send at least every ten seconds.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);

    /// <summary>Never throws.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        int failures = 0;
        string trouble = "";
        while (!cancel.IsCancellationRequested)
        {
            bool connected = false;
            try
            {
                connected = await FollowAsync(() => connected = true, cancel);
            }
            catch (Exception failure)
            {
                string reason = failure is RpcException rpc ? Reason(rpc) : failure.Message;
                if (!cancel.IsCancellationRequested && (connected || trouble != reason))
                {
                    trouble = reason;
                    LogLost(name, endpoint, reason);
                }
            }

            failures = connected ? 0 : failures + 1;
            await Task.Delay(Pause(failures), time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Quick at first, when the agent or the Pi is likely restarting.</summary>
    internal static TimeSpan Pause(int failures) => failures switch
    {
        <= 1 => TimeSpan.FromMilliseconds(200),
        2 => TimeSpan.FromMilliseconds(500),
        < 60 => TimeSpan.FromSeconds(1),
        _ => TimeSpan.FromSeconds(3),
    };

    private async Task<bool> FollowAsync(Action opened, CancellationToken cancel)
    {
        AgentConnection connection = connections.Dial(node, endpoint);
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task describing = Task.CompletedTask;
        bool open = false;
        NodeStatusView? last = null;
        try
        {
            patience.CancelAfter(FirstAnswer);
            using AsyncServerStreamingCall<Wire.NodeStatus> call = connection.Client.WatchStatus(new Wire.WatchStatusRequest(), cancellationToken: patience.Token);
            while (await call.ResponseStream.MoveNext(patience.Token))
            {
                patience.CancelAfter(Silence);
                NodeStatusView told = StatusMapping.From(call.ResponseStream.Current);
                Take(told, connection);
                if (!open)
                {
                    open = true;
                    opened();
                    LogConnected(name, endpoint);
                    describing = DescribeAsync(connection, patience.Token);
                }
                else if (last is not null && told.MayBeDescribedAnew(last) && describing.IsCompleted)
                {
                    describing = DescribeAsync(connection, patience.Token);
                }

                last = told;
            }

            return open;
        }
        catch (Exception late) when (patience.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            throw new TimeoutException(open ? $"no status for {Silence.TotalSeconds} s" : $"no answer in {FirstAnswer.TotalSeconds} s", late);
        }
        finally
        {
            await patience.CancelAsync();
            await describing;
            connections.Close(connection);
            Mark(view => view with { Connected = false });
        }
    }

    private void Take(NodeStatusView status, AgentConnection connection)
    {
        DateTimeOffset now = time.GetUtcNow();
        string reached = endpoint.Split(':')[0];
        IdentityConflict? before = null, after = null;
        Mark(view =>
        {
            NodeView heard = TwinRules.Hear(view with { Connected = true, Down = false, LastSeen = now, Status = status, Reached = Ipv4.TryParse(reached, out _) ? reached : "" }, status.Instance, status.Address, now);
            (before, after) = (view.Conflict, heard.Conflict);
            if (after is null)
            {
                connections.Open(connection);
            }
            else
            {
                connections.Withhold(connection);
            }

            return heard;
        });
        if (before is null && after is not null)
        {
            LogConflict(name, after.Reason);
        }
    }

    private async Task DescribeAsync(AgentConnection connection, CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                Wire.NodeDescription wire = await Deadline.WithinAsync(
                    FirstAnswer, time, limit => connection.Client.DescribeAsync(new Wire.DescribeRequest(), cancellationToken: limit), cancel);
                NodeDescriptionView description = StatusMapping.From(wire);
                Mark(view => view with { Description = description.Following(view.Description) });
                if (description.KnowsEngine)
                {
                    return;
                }
            }
            catch (Exception failure) when (failure is RpcException or OperationCanceledException)
            {
                // The stream says when the connection is gone.
            }

            await Task.Delay(TimeSpan.FromSeconds(2), time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Mark(Func<NodeView, NodeView> change) => state.Update(snapshot =>
        snapshot.Nodes.TryGetValue(node, out NodeView? view) && change(view) is var next && next != view
            ? snapshot with { Nodes = snapshot.Nodes.SetItem(node, next) }
            : snapshot);

    private static string Reason(RpcException failure) =>
        failure.Status.DebugException is { } inner ? $"{failure.Status.Detail} ({inner.GetBaseException().Message})" : failure.Status.Detail;

    [LoggerMessage(Level = LogLevel.Information, Message = "Connected to {Node} at {Endpoint}")]
    private partial void LogConnected(string node, string endpoint);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Node}: {Reason}")]
    private partial void LogConflict(string node, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No connection to {Node} at {Endpoint}: {Reason}")]
    private partial void LogLost(string node, string endpoint, string reason);
}
