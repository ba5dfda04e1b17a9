using Grpc.Core;
using RpiAgent.Tests.Integration.Support;
using Xunit;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Tests.Integration.Swarm;

/// <summary>Swarm orders at one real engine.</summary>
public sealed class SwarmOrderTests(DockerEngineFixture docker) : IClassFixture<DockerEngineFixture>, IAsyncLifetime
{
    private readonly TestCluster _cluster = new();
    private readonly string _state = Directory.CreateTempSubdirectory("rpi-agent-").FullName;
    private AgentUnderTest _agent = null!;

    public async ValueTask InitializeAsync()
    {
        docker.RequireEngine();
        _agent = await AgentUnderTest.StartAsync(_cluster, "n1", docker.Socket, _state);
    }

    public async ValueTask DisposeAsync()
    {
        if (_agent is not null)
        {
            await RunAsync(new Wire.SwarmOrder { Leave = new Wire.SwarmLeave { Force = true } });
            await _agent.DisposeAsync();
        }

        _cluster.Dispose();
        Directory.Delete(_state, recursive: true);
    }

    [Fact]
    public async Task A_swarm_is_made_with_an_overlay_on_which_a_container_finds_another_by_name()
    {
        Wire.SwarmOrder init = new() { Init = new Wire.SwarmInit { AdvertiseAddress = "10.99.0.1", AddressPool = "10.202.0.0/16" } };
        Wire.SwarmOrderReply made = await RunAsync(init);
        Assert.NotEmpty(made.SwarmNodeId);
        Assert.NotEmpty(made.ClusterId);
        Assert.Equal(made.ClusterId, (await RunAsync(init)).ClusterId);

        Wire.SwarmOrderReply tokens = await RunAsync(new Wire.SwarmOrder { ReadTokens = new Wire.SwarmReadTokens() });
        Assert.StartsWith("SWMTKN-1-", tokens.WorkerToken, StringComparison.Ordinal);
        Assert.NotEqual(tokens.WorkerToken, tokens.ManagerToken);

        Wire.SwarmOrder create = new() { CreateNetwork = new Wire.SwarmCreateNetwork { Name = "t_default", Mtu = 1400, Labels = { ["rpi.stack"] = "t" } } };
        string network = (await RunAsync(create)).NetworkId;
        Assert.Equal(network, (await RunAsync(create)).NetworkId);
        Assert.Matches(@"^10\.202\.\d+\.0/24$", (await Shell.RunAsync($"{docker.Docker} network inspect -f '{{{{(index .IPAM.Config 0).Subnet}}}}' t_default")).Trim());
        await Eventually.HoldsAsync(() => _agent.Board.Now().Swarm is { State: "active", Leader: true, Peers.Count: 1, Networks: [{ Name: "t_default" }] }, TimeSpan.FromSeconds(10));

        await ApplyAsync(1, Replica("t.a", "sleep 1000"), Replica("t.b", "until nslookup a >/dev/null 2>&1; do sleep 1; done; echo found; sleep 1000"));
        await Eventually.HoldsAsync(() => Running("t.a") && Running("t.b"), TimeSpan.FromSeconds(60));
        await Eventually.HoldsAsync(async () => await Shell.RunAsync($"{docker.Docker} logs t.b.1") == "found\n", TimeSpan.FromSeconds(30));
        await ApplyAsync(2);
        await Eventually.HoldsAsync(() => _agent.Board.Now().Containers.Count == 0, TimeSpan.FromSeconds(60));

        Wire.SwarmOrder remove = new() { RemoveNetwork = new Wire.SwarmRemoveNetwork { Name = "t_default" } };
        await RunAsync(remove);
        await RunAsync(remove);
        await RunAsync(new Wire.SwarmOrder { RemoveNode = new Wire.SwarmRemoveNode { SwarmNodeId = "nosuchnode", Force = true } });
    }

    [Fact]
    public async Task A_container_waits_for_its_overlay_and_starts_when_the_swarm_has_it()
    {
        await ApplyAsync(11, Replica("t.a", "sleep 1000"));
        await Eventually.HoldsAsync(() => _agent.Board.Now().Containers is [{ State: "waiting", Message.Length: > 0 }], TimeSpan.FromSeconds(30));
        await RunAsync(new Wire.SwarmOrder { Init = new Wire.SwarmInit { AdvertiseAddress = "10.99.0.1" } });
        await RunAsync(new Wire.SwarmOrder { CreateNetwork = new Wire.SwarmCreateNetwork { Name = "t_default" } });
        await Eventually.HoldsAsync(() => Running("t.a"), TimeSpan.FromSeconds(5));
        await ApplyAsync(12);
        await Eventually.HoldsAsync(() => _agent.Board.Now().Containers.Count == 0, TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task A_deposed_leaders_order_and_one_that_does_not_fit_are_refused()
    {
        await RunAsync(new Wire.SwarmOrder { Leave = new Wire.SwarmLeave() });
        RpcException stale = await RefusedAsync(new Wire.SwarmOrder { Epoch = 4, Leave = new Wire.SwarmLeave() });
        Assert.Equal((StatusCode.FailedPrecondition, "the order of epoch 4 is stale: epoch 5 has spoken"), (stale.StatusCode, stale.Status.Detail));
        RpcException unfit = await RefusedAsync(new Wire.SwarmOrder { Epoch = 5, ReadTokens = new Wire.SwarmReadTokens() });
        Assert.Equal((StatusCode.FailedPrecondition, "this node is in no swarm; only a manager can do that"), (unfit.StatusCode, unfit.Status.Detail));
        Assert.Equal(StatusCode.InvalidArgument, (await RefusedAsync(new Wire.SwarmOrder { Epoch = 5 })).StatusCode);
    }

    private async Task<RpcException> RefusedAsync(Wire.SwarmOrder order) => await Assert.ThrowsAsync<RpcException>(
        async () => await _agent.Client.RunSwarmOrderAsync(order, cancellationToken: TestContext.Current.CancellationToken));

    private async Task<Wire.SwarmOrderReply> RunAsync(Wire.SwarmOrder order)
    {
        order.Epoch = 5;
        return await _agent.Client.RunSwarmOrderAsync(order, cancellationToken: TestContext.Current.CancellationToken);
    }

    private bool Running(string workload) => _agent.Board.Now().Containers.Any(container => container.Workload == workload && container.State == "running");

    private async Task ApplyAsync(ulong generation, params Wire.Replica[] replicas) => await _agent.Client.ApplyAsync(
        new Wire.ApplyRequest { Assignment = new Wire.Assignment { NodeId = "n1", Version = new Wire.AssignmentVersion { Epoch = 5, Generation = generation }, Replicas = { replicas } } },
        cancellationToken: TestContext.Current.CancellationToken);

    private Wire.Replica Replica(string workload, string script) => new()
    {
        Workload = workload,
        Index = 1,
        Stack = "t",
        SpecHash = "h1",
        Container = new Wire.ContainerSpec
        {
            Image = DockerEngineFixture.Image,
            ImageId = docker.ImageId,
            CommandSet = true,
            Command = { "/bin/sh", "-c", script },
            StopGrace = new(),
            Networks = { new Wire.NetworkAttachment { Name = "t_default", Aliases = { workload.Split('.')[1] } } },
        },
    };
}
