using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Admin;

/// <summary>What does not fit into one message: logs out of the cluster, images into it.</summary>
internal sealed class StreamAdmin(ClusterState state, ILogSource logs, IImageIntake images)
{
    private const int MostSources = 64;

    public async Task ReadLogsAsync(ReadStackLogsRequest request, IServerStreamWriter<StackLogChunk> writer, CancellationToken cancel)
    {
        ClusterSnapshot cluster = state.Current;
        StackSpec stack = NodeLookup.Stack(cluster, request.Stack);
        if (request.Service.Length > 0 && stack.Workloads.All(workload => workload.Service != request.Service))
        {
            throw new AdminRefusal(RefusalKind.Unknown, $"the stack '{stack.Name}' has no service '{request.Service}'; it has {string.Join(", ", stack.Workloads.Select(workload => workload.Service))}");
        }

        (NodeView Node, AssignedReplica Replica, string Service)[] sources =
        [
            .. cluster.Assignments.Where(one => cluster.Nodes.ContainsKey(one.Key)).SelectMany(one => one.Value.Replicas
                .Where(replica => replica.Stack == stack.Name)
                .Select(replica => (cluster.Nodes[one.Key], replica, replica.Id.Workload.Value[(stack.Name.Length + 1)..])))
                .Where(one => request.Service.Length == 0 || one.Item3 == request.Service)
                .OrderBy(one => one.replica.Id),
        ];
        if (sources.Length is 0 or > MostSources)
        {
            throw new AdminRefusal(RefusalKind.NotNow, sources.Length == 0 ? "nothing of it runs yet" : $"more than {MostSources} replicas: name a service");
        }

        // One writer to the stream; the sources wait when the client is slow.
        Channel<StackLogChunk> chunks = Channel.CreateBounded<StackLogChunk>(64);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task reading = Task.WhenAll(sources.Select(source => ReadAsync(source.Node, source.Replica.Id, source.Service, request, chunks.Writer, stop.Token)))
            .ContinueWith(done => chunks.Writer.Complete(done.Exception?.GetBaseException()), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        try
        {
            await foreach (StackLogChunk chunk in chunks.Reader.ReadAllAsync(cancel))
            {
                await writer.WriteAsync(chunk, cancel);
            }
        }
        finally
        {
            await stop.CancelAsync();
            await reading;
        }
    }

    public async Task<LoadImageReply> LoadAsync(IAsyncStreamReader<LoadImageRequest> stream, CancellationToken cancel)
    {
        if (!await stream.MoveNext(cancel))
        {
            throw new AdminRefusal(RefusalKind.BadRequest, "no image was sent");
        }

        LoadImageRequest first = stream.Current;
        NodeView? node = first.Node.Length == 0 ? null : NodeLookup.Find(state.Current, first.Node);
        TakenImages taken = await images.TakeAsync(node, first.Everywhere, Data(first, stream, cancel), cancel);
        LoadImageReply reply = new();
        reply.Images.Add(taken.Images.Select(ClusterViews.Image));
        reply.Nodes.Add(taken.Nodes);
        return reply;
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Data(
        LoadImageRequest first, IAsyncStreamReader<LoadImageRequest> stream, [EnumeratorCancellation] CancellationToken cancel)
    {
        if (first.Data.Length > 0)
        {
            yield return first.Data.Memory;
        }

        while (await stream.MoveNext(cancel))
        {
            yield return stream.Current.Data.Memory;
        }
    }

    private async Task ReadAsync(NodeView node, ReplicaId replica, string service, ReadStackLogsRequest request, ChannelWriter<StackLogChunk> into, CancellationToken cancel)
    {
        try
        {
            await foreach (LogPiece piece in logs.ReadAsync(node, replica, request.Follow, (int)Math.Min(request.Tail, int.MaxValue), request.Timestamps, cancel))
            {
                await into.WriteAsync(Chunk(piece.Error, ByteString.CopyFrom(piece.Data.Span)), cancel);
            }
        }
        catch (Exception problem) when (problem is AdminRefusal or RpcException && !cancel.IsCancellationRequested)
        {
            // One node that does not answer does not silence the others.
            string why = problem is RpcException rpc ? rpc.Status.Detail : problem.Message;
            await into.WriteAsync(Chunk(true, ByteString.CopyFrom($"rpictl: its log cannot be read: {why}\n", Encoding.UTF8)), cancel);
        }

        StackLogChunk Chunk(bool error, ByteString data) =>
            new() { Service = service, Index = (uint)replica.Index, Node = node.Name, Stderr = error, Data = data };
    }
}
