using System.Collections.Concurrent;
using System.Collections.Immutable;
using Google.Protobuf;
using Grpc.Core;
using RpiAgent.Coordinator.Admin;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Dispatch;
using RpiAgent.Coordinator.Model;
using RpiAgent.Coordinator.Scheduling;
using RpiAgent.Identity;
using RpiAgent.Protos;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Images;

/// <summary>Brings an operator's image to one node, and from there, peer to peer, to all that can run it.</summary>
internal sealed partial class ImageIntake(ClusterState state, AgentConnections connections, TimeProvider time, ILogger<ImageIntake> log) : IImageIntake
{
    private const int ChunkBytes = 64 * 1024;
    private const int AtOnce = 4;
    private static readonly TimeSpan FetchLimit = TimeSpan.FromMinutes(30);

    public async Task<TakenImages> TakeAsync(NodeView? node, bool everywhere, IAsyncEnumerable<ReadOnlyMemory<byte>> tar, CancellationToken cancel)
    {
        NodeView first = node ?? Choose(state.Current)
            ?? throw new AdminRefusal(RefusalKind.NotNow, "no node is ready to take an image; see `rpictl node ls`");
        ImmutableArray<ImageView> images = await ImportAsync(first, tar, cancel);
        if (!everywhere)
        {
            return new TakenImages(images, [first.Name]);
        }

        NodeView[] others = [.. state.Current.Nodes.Values.Where(other => other.Ready && other.Id != first.Id && Runs(other, images))];
        ConcurrentQueue<NodeView> holders = new([first]);
        ConcurrentDictionary<string, string> failures = [];
        await Parallel.ForEachAsync(others, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel }, async (other, token) =>
        {
            try
            {
                foreach (ImageView image in images)
                {
                    await FetchAsync(other, image, [.. holders], token);
                }

                holders.Enqueue(other);
            }
            catch (RpcException failure) when (!token.IsCancellationRequested)
            {
                failures[other.Name] = failure.Status.Detail;
                LogNotFetched(other.Name, failure.Status.Detail);
            }
        });
        string[] names = [.. holders.Select(holder => holder.Name).Order(StringComparer.Ordinal)];
        return failures.IsEmpty
            ? new TakenImages(images, [.. names])
            : throw new AdminRefusal(
                RefusalKind.Unreachable,
                $"{string.Join(", ", names)} have it, but not {string.Join("; ", failures.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"{one.Key}: {one.Value}"))}");
    }

    /// <summary>The least busy node with the most free memory, so that the boards that work are left alone.</summary>
    private static NodeView? Choose(ClusterSnapshot cluster) => cluster.Nodes.Values
        .Where(node => node.Ready && !node.Record.Drained)
        .OrderBy(node => Math.Round(node.Status!.Load1))
        .ThenByDescending(node => node.Status!.MemoryAvailableBytes)
        .ThenBy(node => node.Id)
        .FirstOrDefault();

    private static bool Runs(NodeView node, ImmutableArray<ImageView> images) => images.All(image => image.Architecture.Length == 0
        || Platforms.Runs(node.Description?.EngineOs ?? "", node.Description?.EngineArchitecture ?? "", [image.Architecture]));

    private async Task<ImmutableArray<ImageView>> ImportAsync(NodeView node, IAsyncEnumerable<ReadOnlyMemory<byte>> tar, CancellationToken cancel)
    {
        AgentConnection agent = connections.Find(node.Id) ?? throw new AdminRefusal(RefusalKind.Unreachable, $"{node.Name} is not connected");
        try
        {
            using AsyncClientStreamingCall<Wire.ImageChunk, Wire.ImportImageReply> call = agent.Client.ImportImage(cancellationToken: cancel);
            try
            {
                await foreach (ReadOnlyMemory<byte> piece in tar.WithCancellation(cancel))
                {
                    for (int at = 0; at < piece.Length; at += ChunkBytes)
                    {
                        // The caller may reuse its buffer.
                        ByteString data = ByteString.CopyFrom(piece.Span[at..Math.Min(piece.Length, at + ChunkBytes)]);
                        await call.RequestStream.WriteAsync(new Wire.ImageChunk { Data = data }, cancel);
                    }
                }

                await call.RequestStream.CompleteAsync();
            }
            catch (Exception broken) when (broken is RpcException or InvalidOperationException && !cancel.IsCancellationRequested)
            {
                // The answer says why the agent stopped listening.
                LogCutShort(node.Name, broken.Message);
            }

            Wire.ImportImageReply reply = await call;
            ImmutableArray<ImageView> images = [.. reply.Images.Select(StatusMapping.From)];
            foreach (ImageView image in images)
            {
                string name = image.Tags.FirstOrDefault(image.Id);
                LogTaken(node.Name, name);
            }

            return images;
        }
        catch (RpcException failure) when (!cancel.IsCancellationRequested)
        {
            throw AgentRefusal.From(failure, node.Name);
        }
    }

    private async Task FetchAsync(NodeView node, ImageView image, ImmutableArray<NodeView> holders, CancellationToken cancel)
    {
        AgentConnection agent = connections.Find(node.Id) ?? throw new RpcException(new Status(StatusCode.Unavailable, "not connected"));
        Wire.FetchImageRequest request = new() { Image = image.Tags.FirstOrDefault() ?? image.Id, ImageId = image.Id };
        // The newest holder first: the load wanders on instead of staying with the first node.
        request.Sources.Add(holders.Reverse().Where(holder => holder.Endpoint is not null)
            .Select(holder => new Wire.ImageSource { NodeId = holder.Id.Value, Address = holder.Endpoint }));
        await Deadline.WithinAsync(FetchLimit, time, limit => agent.Client.FetchImageAsync(request, cancellationToken: limit), cancel);
        LogFetched(node.Name, request.Image);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Node} has taken {Image}")]
    private partial void LogTaken(string node, string image);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Node} has fetched {Image} from a peer")]
    private partial void LogFetched(string node, string image);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Node} could not fetch an image: {Reason}")]
    private partial void LogNotFetched(string node, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Node} stopped taking an image: {Reason}")]
    private partial void LogCutShort(string node, string reason);
}
