using System.Collections.Immutable;
using Grpc.Core;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Election;
using RpiAgent.Coordinator.Model;
using RpiAgent.Identity;
using RpiAgent.Protos;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Ssh;

/// <summary>Tells each node the operators' keys whenever it says that it knows others, while this process leads.</summary>
internal sealed partial class SshLoop(ClusterState state, AgentConnections connections, SteadyTime time, ILogger<SshLoop> log)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    public async Task RunAsync(Term term)
    {
        ImmutableDictionary<NodeId, SshSending> told = ImmutableDictionary<NodeId, SshSending>.Empty;
        while (!term.Ended.IsCancellationRequested)
        {
            ClusterSnapshot snapshot = state.Current;
            Wire.SshSpec spec = SshSpecs.Of(snapshot.SshKeys);
            DateTimeOffset now = time.GetUtcNow();
            SshRound round = SshPlanner.Plan(snapshot, spec.Revision, told, now);
            told = told.SetItems(round.Due.Select(node => KeyValuePair.Create(node, new SshSending(spec.Revision, now))));
            await Task.WhenAll(round.Due.Select(node => SendAsync(snapshot.Nodes[node], spec, term)));
            await state.WaitForNewerAsync(snapshot.Revision, round.LookAgain - now, time, term.Ended);
        }
    }

    private async Task SendAsync(NodeView node, Wire.SshSpec spec, Term term)
    {
        try
        {
            AgentConnection agent = connections.Find(node.Id) ?? throw new RpcException(new Status(StatusCode.Unavailable, "it is not connected"));
            Wire.SetSshKeysRequest order = new() { Epoch = term.Epoch, Spec = spec };
            await Deadline.WithinAsync(Limit, time, limit => agent.Client.SetSshKeysAsync(order, cancellationToken: limit), term.Ended);
            LogSent(node.Name, spec.Revision);
        }
        catch (Exception failure) when (failure is RpcException or ObjectDisposedException && !term.Ended.IsCancellationRequested)
        {
            LogNotSent(node.Name, (failure as RpcException)?.Status.Detail ?? "its connection was closed");
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Node} was told the operators' keys {Revision}")]
    private partial void LogSent(string node, string revision);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Node} could not be told the operators' keys, trying on: {Reason}")]
    private partial void LogNotSent(string node, string reason);
}
