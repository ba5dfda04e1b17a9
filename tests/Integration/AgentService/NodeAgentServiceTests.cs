using Grpc.Core;
using Grpc.Net.Client;
using RpiAgent.Identity;
using RpiAgent.Tests.Integration.Support;
using Xunit;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Tests.Integration.AgentService;

/// <summary>The service without an engine: what must work then too.</summary>
public sealed class NodeAgentServiceTests : IAsyncLifetime
{
    private readonly TestCluster _cluster = new();
    private readonly string _state = Directory.CreateTempSubdirectory("rpi-agent-").FullName;
    private AgentUnderTest _agent = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _agent = await AgentUnderTest.StartAsync(_cluster, "n1", Path.Join(_state, "no.sock"), _state);

    public async ValueTask DisposeAsync()
    {
        await _agent.DisposeAsync();
        _cluster.Dispose();
        Directory.Delete(_state, recursive: true);
    }

    [Fact]
    public async Task A_node_describes_itself_without_its_engine()
    {
        Wire.NodeDescription description = await _agent.Client.DescribeAsync(new Wire.DescribeRequest(), cancellationToken: Cancel);
        Assert.Equal(("n1", "pi1", "s"), (description.NodeId, description.Name, description.Hardware.Serial));
        Assert.Null(description.Engine);
        RpcException down = await Assert.ThrowsAsync<RpcException>(async () => await _agent.Client.FetchImageAsync(new Wire.FetchImageRequest { Image = "a" }, cancellationToken: Cancel));
        Assert.Equal(StatusCode.Unavailable, down.StatusCode);
    }

    [Fact]
    public async Task The_status_stream_says_that_the_engine_is_down()
    {
        using AsyncServerStreamingCall<Wire.NodeStatus> call = _agent.Client.WatchStatus(new Wire.WatchStatusRequest(), cancellationToken: Cancel);
        await foreach (Wire.NodeStatus status in call.ResponseStream.ReadAllAsync(Cancel))
        {
            if (status.EngineError.Length > 0)
            {
                Assert.False(status.EngineUp);
                Assert.Contains("dockerd cannot be reached", status.EngineError, StringComparison.Ordinal);
                break;
            }
        }

        Assert.True(_agent.Board.SinceContact < TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Restart_and_configuration_are_fenced_and_refusals_reach_the_caller()
    {
        await _agent.Client.RestartAsync(new Wire.RestartRequest { Epoch = 3, PowerOff = true }, cancellationToken: Cancel);
        Assert.Equal([true], _agent.Restarts);
        RpcException stale = await Assert.ThrowsAsync<RpcException>(async () => await _agent.Client.RestartAsync(new Wire.RestartRequest { Epoch = 2 }, cancellationToken: Cancel));
        Assert.Equal(StatusCode.FailedPrecondition, stale.StatusCode);
        Wire.ConfigureNodeRequest bad = new() { Epoch = 3, Spec = new Wire.NodeSpec { Name = "bad name" } };
        RpcException refused = await Assert.ThrowsAsync<RpcException>(async () => await _agent.Client.ConfigureNodeAsync(bad, cancellationToken: Cancel));
        Assert.Equal((StatusCode.FailedPrecondition, "'bad name' is no host name"), (refused.StatusCode, refused.Status.Detail));
        bad.Spec.Name = "pi1";
        Assert.True((await _agent.Client.ConfigureNodeAsync(bad, cancellationToken: Cancel)).Changed);
    }

    [Fact]
    public async Task Another_node_may_export_images_and_nothing_else()
    {
        using GrpcChannel channel = ClusterChannel.Create(
            new Uri($"https://127.0.0.1:{_agent.Port}"), _cluster.TlsOf(PeerRole.Node, "n2").ClientOptions(PeerRole.Node, "n1"), KeepAlive.Relaxed);
        Wire.NodeAgent.NodeAgentClient peer = new(channel);
        RpcException refused = await Assert.ThrowsAsync<RpcException>(async () => await peer.RestartAsync(new Wire.RestartRequest { Epoch = 9 }, cancellationToken: Cancel));
        Assert.Equal(StatusCode.PermissionDenied, refused.StatusCode);
        Assert.Empty(_agent.Restarts);
        using AsyncServerStreamingCall<Wire.ImageChunk> export = peer.ExportImage(new Wire.ExportImageRequest { Image = "a" }, cancellationToken: Cancel);
        RpcException down = await Assert.ThrowsAsync<RpcException>(() => export.ResponseStream.MoveNext(Cancel));
        Assert.Equal(StatusCode.Unavailable, down.StatusCode);
    }
}
