using System.Runtime.CompilerServices;
using Grpc.Core;
using RpiAgent.Coordinator.Admin;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Dispatch;

/// <summary>Passes on what an agent reads from its engine.</summary>
internal sealed class AgentLogs(AgentConnections connections) : ILogSource
{
    public async IAsyncEnumerable<LogPiece> ReadAsync(
        NodeView node, ReplicaId replica, bool follow, int tail, bool timestamps, [EnumeratorCancellation] CancellationToken cancel)
    {
        AgentConnection agent = connections.Find(node.Id) ?? throw new AdminRefusal(RefusalKind.Unreachable, $"{node.Name} is not connected");
        Wire.ReadLogsRequest request = new()
        {
            Workload = replica.Workload.Value, Index = (uint)replica.Index, Follow = follow, Tail = (uint)Math.Max(0, tail), Timestamps = timestamps,
        };
        using AsyncServerStreamingCall<Wire.LogChunk> call = agent.Client.ReadLogs(request, cancellationToken: cancel);
        while (await NextAsync(call.ResponseStream, node.Name, cancel))
        {
            Wire.LogChunk chunk = call.ResponseStream.Current;
            yield return new LogPiece(chunk.Stderr, chunk.Data.Memory);
        }
    }

    private static async Task<bool> NextAsync(IAsyncStreamReader<Wire.LogChunk> stream, string node, CancellationToken cancel)
    {
        try
        {
            return await stream.MoveNext(cancel);
        }
        catch (RpcException failure) when (!cancel.IsCancellationRequested)
        {
            throw AgentRefusal.From(failure, node);
        }
    }
}

/// <summary>An agent's refusal in an operator's terms.</summary>
internal static class AgentRefusal
{
    public static AdminRefusal From(RpcException failure, string node) => new(
        failure.StatusCode switch
        {
            StatusCode.NotFound => RefusalKind.Unknown,
            StatusCode.InvalidArgument => RefusalKind.BadRequest,
            StatusCode.FailedPrecondition or StatusCode.AlreadyExists or StatusCode.ResourceExhausted => RefusalKind.NotNow,
            _ => RefusalKind.Unreachable,
        },
        $"{node}: {failure.Status.Detail}",
        failure);
}
