using Google.Protobuf;
using Grpc.Core;
using RpiAgent.Agent.Containers;
using RpiAgent.Agent.Status;
using RpiAgent.Protos;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Agent.Grpc;

/// <summary>What coordinators (and, for images, other agents) ask of this node. Who may call what is PeerPolicy's business.</summary>
internal sealed class NodeAgentService(
    NodeDescriber describer, AssignmentDesk desk, StatusBoard board, SwarmDesk swarm, ImageDesk images, ContainerLogs logs, NodeDesk node)
    : Wire.NodeAgent.NodeAgentBase
{
    public override Task<Wire.NodeDescription> Describe(Wire.DescribeRequest request, ServerCallContext context) =>
        Errors.TranslateAsync(() => describer.DescribeAsync(context.CancellationToken), context);

    public override Task<Wire.ApplyReply> Apply(Wire.ApplyRequest request, ServerCallContext context) =>
        Errors.TranslateAsync(() => Task.FromResult(desk.Apply(request.Assignment)), context);

    public override Task WatchStatus(Wire.WatchStatusRequest request, IServerStreamWriter<Wire.NodeStatus> responseStream, ServerCallContext context) =>
        Errors.TranslateAsync(
            async () =>
            {
                await foreach (Wire.NodeStatus status in board.WatchAsync(context.CancellationToken))
                {
                    await responseStream.WriteAsync(status, context.CancellationToken);
                }
            },
            context);

    public override Task<Wire.ConfigureNodeReply> ConfigureNode(Wire.ConfigureNodeRequest request, ServerCallContext context) =>
        Errors.TranslateAsync(() => node.ConfigureAsync(request, context.CancellationToken), context);

    public override Task<Wire.SwarmOrderReply> RunSwarmOrder(Wire.SwarmOrder request, ServerCallContext context) =>
        Errors.TranslateAsync(() => swarm.RunAsync(request, context.CancellationToken), context);

    public override Task ExportImage(Wire.ExportImageRequest request, IServerStreamWriter<Wire.ImageChunk> responseStream, ServerCallContext context) =>
        Errors.TranslateAsync(() => images.ExportAsync(request, responseStream, context.CancellationToken), context);

    public override Task<Wire.ImportImageReply> ImportImage(IAsyncStreamReader<Wire.ImageChunk> requestStream, ServerCallContext context) =>
        Errors.TranslateAsync(() => images.ImportAsync(requestStream, context.CancellationToken), context);

    public override Task<Wire.FetchImageReply> FetchImage(Wire.FetchImageRequest request, ServerCallContext context) =>
        Errors.TranslateAsync(() => images.FetchAsync(request, context.CancellationToken), context);

    public override Task ReadLogs(Wire.ReadLogsRequest request, IServerStreamWriter<Wire.LogChunk> responseStream, ServerCallContext context) =>
        Errors.TranslateAsync(
            async () =>
            {
                LogQuery query = new(new ReplicaId(new WorkloadId(request.Workload), (int)request.Index), request.Follow, (int)request.Tail, request.Timestamps);
                string container = await logs.FindAsync(query.Replica, context.CancellationToken)
                    ?? throw Errors.NotFound($"{query.Replica} has no container on this node");
                await foreach (LogPiece piece in logs.ReadAsync(container, query, context.CancellationToken))
                {
                    await responseStream.WriteAsync(new Wire.LogChunk { Stderr = piece.Stderr, Data = UnsafeByteOperations.UnsafeWrap(piece.Data) }, context.CancellationToken);
                }
            },
            context);

    public override Task<Wire.RestartReply> Restart(Wire.RestartRequest request, ServerCallContext context) =>
        Errors.TranslateAsync(() => node.RestartAsync(request, context.CancellationToken), context);

    public override Task<Wire.SetSshKeysReply> SetSshKeys(Wire.SetSshKeysRequest request, ServerCallContext context) =>
        Errors.TranslateAsync(() => node.SetSshKeysAsync(request, context.CancellationToken), context);
}
