using Grpc.Core;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Agent.Images;
using RpiAgent.Protos;
using RpiAgent.Tests.Integration.Support;
using Xunit;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Tests.Integration.Images;

/// <summary>Two engines, two agents, mutual TLS between them.</summary>
public sealed class ImageTransferTests(DockerEngineFixture here, SecondEngine there) : IClassFixture<DockerEngineFixture>, IClassFixture<SecondEngine>, IAsyncLifetime
{
    private const string Reference = "rpi-test/only-there:1";
    private readonly TestCluster _cluster = new();
    private readonly string _state = Directory.CreateTempSubdirectory("rpi-agent-").FullName;
    private AgentUnderTest _here = null!;
    private AgentUnderTest _there = null!;
    private string _imageId = "";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        here.RequireEngine();
        there.Docker.RequireEngine();
        _here = await AgentUnderTest.StartAsync(_cluster, "here", here.Socket, Path.Join(_state, "here"));
        _there = await AgentUnderTest.StartAsync(_cluster, "there", there.Docker.Socket, Path.Join(_state, "there"));
        await Shell.RunAsync($"printf 'FROM {DockerEngineFixture.Image}\\nENV FROM=there\\n' | {there.Docker.Docker} build -q -t {Reference} - 2>/dev/null");
        _imageId = (await Shell.RunAsync($"{there.Docker.Docker} image inspect -f '{{{{.Id}}}}' {Reference}")).Trim();
        await Shell.RunAsync($"{here.Docker} rmi -f {Reference} >/dev/null 2>&1; true");
    }

    public async ValueTask DisposeAsync()
    {
        if (_there is not null)
        {
            await _here.DisposeAsync();
            await _there.DisposeAsync();
        }

        _cluster.Dispose();
        Directory.Delete(_state, recursive: true);
    }

    [Fact]
    public async Task An_image_is_fetched_from_the_peer_that_holds_it_once_for_all_who_ask()
    {
        Wire.FetchImageRequest request = new() { Image = Reference, ImageId = _imageId, Sources = { Source("nobody", 1), Source("there", _there.Port) } };
        Wire.FetchImageReply[] replies = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => _here.Client.FetchImageAsync(request, cancellationToken: Cancel).ResponseAsync));
        Assert.All(replies, reply => Assert.Equal((_imageId, false), (reply.Image.Id, reply.WasPresent)));
        Assert.Contains(Reference, replies[0].Image.Tags);
        Assert.StartsWith("linux/", replies[0].Image.Architecture, StringComparison.Ordinal);
        Assert.True((await _here.Client.FetchImageAsync(request, cancellationToken: Cancel)).WasPresent);
        await Eventually.HoldsAsync(() => _here.Board.Now().Images.Any(image => image.Id == _imageId), TimeSpan.FromSeconds(10));
    }

    /// <summary>The other node is in foreign hands: what it gives for one image names another one too.</summary>
    [Fact]
    public async Task A_peer_cannot_put_its_image_under_the_name_of_another()
    {
        const string Own = "rpi-test/database:1", Fresh = "rpi-test/cache:1";
        await Shell.RunAsync($"{here.Docker} tag {DockerEngineFixture.Image} {Own}");
        string own = (await Shell.RunAsync($"{here.Docker} image inspect -f '{{{{.Id}}}}' {Own}")).Trim();
        await Shell.RunAsync($"{there.Docker.Docker} tag {_imageId} {Own} && {there.Docker.Docker} tag {_imageId} {Fresh}");
        string saved = Path.Join(_state, "three.tar");
        await Shell.RunAsync($"{there.Docker.Docker} save -o {saved} {Reference} {Own} {Fresh}");
        Queue<ReadOnlyMemory<byte>?> chunks = new([await File.ReadAllBytesAsync(saved, Cancel), ChunkStream.End]);
        ImageStore store = new(here.NewEngine());
        ImageFetcher fetcher = new(
            store,
            (_, _, _) => new ChunkStream(_ => ValueTask.FromResult(chunks.Dequeue()), TimeSpan.FromSeconds(30), TimeProvider.System, () => { }),
            new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance),
            NullLogger<ImageFetcher>.Instance);
        ImagePeer peer = new(new NodeId("there"), "");

        ImageUnavailableException refused = await Assert.ThrowsAsync<ImageUnavailableException>(
            () => fetcher.FetchAsync(new ImageRequest(Reference, "", [peer]), Cancel));

        Assert.Contains($"it gave what was not asked for: {Fresh}, {Own}", refused.Message, StringComparison.Ordinal);
        Assert.Equal(own, (await store.FindAsync(Own, Cancel))?.Id);
        Assert.Null(await store.FindAsync(Fresh, Cancel));
    }

    [Fact]
    public async Task A_peer_that_is_another_node_or_gives_another_image_is_refused()
    {
        string wanted = "sha256:" + new string('a', 64);
        RpcException refused = await Assert.ThrowsAsync<RpcException>(async () => await _here.Client.FetchImageAsync(
            new Wire.FetchImageRequest { Image = "sha256:" + new string('a', 64), ImageId = wanted, Sources = { Source("impostor", _there.Port), Source("there", _there.Port) } },
            cancellationToken: Cancel));
        Assert.Equal(StatusCode.NotFound, refused.StatusCode);
        Assert.Contains("it is node there, not node impostor", refused.Status.Detail, StringComparison.Ordinal);
        Assert.Contains($"node there: image '{wanted}' is not on this node", refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_exported_can_be_imported_and_garbage_cannot()
    {
        using (AsyncServerStreamingCall<Wire.ImageChunk> export = _there.Client.ExportImage(new Wire.ExportImageRequest { Image = Reference }, cancellationToken: Cancel))
        using (AsyncClientStreamingCall<Wire.ImageChunk, Wire.ImportImageReply> import = _here.Client.ImportImage(cancellationToken: Cancel))
        {
            await foreach (Wire.ImageChunk chunk in export.ResponseStream.ReadAllAsync(Cancel))
            {
                Assert.True(chunk.Data.Length <= 64 * 1024);
                await import.RequestStream.WriteAsync(chunk, Cancel);
            }

            await import.RequestStream.CompleteAsync();
            Assert.Equal(_imageId, Assert.Single((await import).Images).Id);
        }

        using AsyncClientStreamingCall<Wire.ImageChunk, Wire.ImportImageReply> garbage = _here.Client.ImportImage(cancellationToken: Cancel);
        await garbage.RequestStream.WriteAsync(new Wire.ImageChunk { Data = Google.Protobuf.ByteString.CopyFromUtf8("no tar at all") }, Cancel);
        await garbage.RequestStream.CompleteAsync();
        RpcException refused = await Assert.ThrowsAsync<RpcException>(() => garbage.ResponseAsync);
        Assert.NotEqual(StatusCode.Unknown, refused.StatusCode);
    }

    [Fact]
    public async Task A_replica_brings_its_image_itself()
    {
        Wire.Assignment assignment = new() { NodeId = "here", Version = new Wire.AssignmentVersion { Epoch = 1, Generation = 1 } };
        assignment.Replicas.Add(new Wire.Replica
        {
            Workload = "t.fetch",
            Index = 1,
            Stack = "t",
            SpecHash = "h1",
            Container = new Wire.ContainerSpec { Image = Reference, ImageId = _imageId, CommandSet = true, Command = { "sleep", "1000" }, StopGrace = new() },
            ImageSources = { Source("there", _there.Port) },
        });
        await _here.Client.ApplyAsync(new Wire.ApplyRequest { Assignment = assignment }, cancellationToken: Cancel);
        await Eventually.HoldsAsync(() => _here.Board.Now().Containers.Any(container => container is { Workload: "t.fetch", State: "running" }), TimeSpan.FromSeconds(60));
        await _here.Client.ApplyAsync(
            new Wire.ApplyRequest { Assignment = new Wire.Assignment { NodeId = "here", Version = new Wire.AssignmentVersion { Epoch = 1, Generation = 2 } } }, cancellationToken: Cancel);
        await Eventually.HoldsAsync(() => _here.Board.Now().Containers.All(container => container.Workload != "t.fetch"), TimeSpan.FromSeconds(60));
    }

    private static Wire.ImageSource Source(string node, int port) => new() { NodeId = node, Address = $"127.0.0.1:{port}" };
}

/// <summary>Another engine for the same class.</summary>
public sealed class SecondEngine : IAsyncLifetime
{
    public DockerEngineFixture Docker { get; } = new();

    public ValueTask InitializeAsync() => Docker.InitializeAsync();

    public ValueTask DisposeAsync() => Docker.DisposeAsync();
}
