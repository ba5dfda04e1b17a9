using Grpc.Core;
using RpiAgent.Agent.Enrolment;
using RpiAgent.Consul;
using RpiAgent.Coordinator;
using RpiAgent.Coordinator.Model;
using RpiAgent.Identity;
using RpiAgent.Protos;
using RpiAgent.Tests.Integration.Support;
using Xunit;

namespace RpiAgent.Tests.Integration.Enrolment;

/// <summary>How a Pi becomes a node.</summary>
public sealed class EnrolmentTests(ConsulServer consul) : EnrolmentBench(consul)
{
    [Fact]
    public async Task A_new_Pi_gets_identity_name_address_docker_options_and_access_to_consul()
    {
        await using CoordinatorServer server = await StartAsync(Options("10.9.8.101-10.9.8.110"));
        using VirtualBoard pi = new("10000000aaaa0001", "b8:27:eb:00:00:01");

        EnrolledNode node = await pi.EnrolAsync(server.Url, await TokenAsync(server), Cancel);

        Assert.Equal("pi1", node.Spec.Name);
        Assert.Equal(new EnrolledNetwork("lo", "static", "10.9.8.101/24", "10.9.8.1", []), node.Spec.Network with { Dns = [] });
        Assert.Equal(["--log-driver=local"], node.Spec.DockerOptions);
        Assert.Equal(PeerRole.Node, node.Credentials.Identity.Role);
        Assert.True(node.Credentials.NotBefore < Time.GetUtcNow() - TimeSpan.FromHours(23));
        Assert.True(node.Credentials.NotAfter > Time.GetUtcNow() + TimeSpan.FromDays(90));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(pi.Options.State("identity/node.key")));
        NodeRecord record = (await server.Nodes.FindAsync(node.Id, Cancel))!.Value;
        Assert.Equal(("pi1", "10.9.8.101/24", "10000000aaaa0001", 3884344L * 1024), (record.Name, record.Address, record.Hardware.Serial, record.Hardware.MemoryBytes));

        using ConsulClient own = new(
            new ConsulOptions { Urls = [Consul.Options.ConsulUrl], Token = node.Spec.ConsulToken, Tls = pi.TlsOf(node).ClientOptions(PeerRole.Consul) }, TimeProvider.System);
        ServiceRegistration service = new() { Id = ConsulService.IdOf(node.Id), Name = ConsulService.Name, Address = "10.9.8.101", Port = 7443, TimeToLive = TimeSpan.FromSeconds(30) };
        await own.Services.RegisterAsync(service, Cancel);
        Assert.True(await own.Services.ReportAsync(service.CheckId, CheckStatus.Passing, "ok", Cancel));
        ConsulException denied = await Assert.ThrowsAsync<ConsulException>(() => own.KeyValue.PutAsync(ConsulKeys.Leader, default, Cancel));
        Assert.Equal(ConsulFault.Denied, denied.Fault);
        await own.Services.DeregisterAsync(service.Id, Cancel);
    }

    [Fact]
    public async Task The_same_Pi_with_an_empty_disk_gets_the_same_identity_name_and_address_again()
    {
        await using CoordinatorServer server = await StartAsync(Options("10.9.8.101-10.9.8.110"));
        string token = await TokenAsync(server, uses: 3);
        using VirtualBoard other = new("10000000aaaa0009", "b8:27:eb:00:00:09");
        using VirtualBoard first = new("10000000aaaa0002", "b8:27:eb:00:00:02");
        using VirtualBoard again = new("10000000aaaa0002", "b8:27:eb:00:00:02");
        await other.EnrolAsync(server.Url, token, Cancel);
        EnrolledNode before = await first.EnrolAsync(server.Url, token, Cancel);

        EnrolledNode after = await again.EnrolAsync(server.Url, token, Cancel);

        Assert.Equal((before.Id, before.Spec.Name, before.Spec.Network.Address, before.Spec.ConsulToken), (after.Id, after.Spec.Name, after.Spec.Network.Address, after.Spec.ConsulToken));
        Assert.Equal(2, (await server.Nodes.ListAsync(default, Cancel)).Value.Length);
    }

    [Fact]
    public async Task A_board_that_claims_to_be_a_node_at_work_gets_nothing()
    {
        await using CoordinatorServer server = await StartAsync(Options("10.9.8.101-10.9.8.110"));
        string token = await TokenAsync(server, uses: 3);
        using VirtualBoard real = new("10000000aaaa0012", "b8:27:eb:00:00:12");
        using VirtualBoard claims = new("10000000aaaa0012", "b8:27:eb:00:00:12");
        EnrolledNode node = await real.EnrolAsync(server.Url, token, Cancel);
        using ConsulClient own = Consul.NewClient(node.Spec.ConsulToken);
        ServiceRegistration service = new() { Id = ConsulService.IdOf(node.Id), Name = ConsulService.Name, Address = "10.9.8.101", Port = 7443, TimeToLive = TimeSpan.FromSeconds(30) };
        await own.Services.RegisterAsync(service, Cancel);
        Assert.True(await own.Services.ReportAsync(service.CheckId, CheckStatus.Passing, "ok", Cancel));

        RpcException refused = await Assert.ThrowsAsync<RpcException>(() => claims.EnrolAsync(server.Url, token, Cancel));

        Assert.Equal(StatusCode.Aborted, refused.StatusCode);
        Assert.StartsWith("E_IDENTITY_CONFLICT", refused.Status.Detail, StringComparison.Ordinal);
        await own.Services.DeregisterAsync(service.Id, Cancel);
        Assert.Equal(node.Id, (await claims.EnrolAsync(server.Url, token, Cancel)).Id);
    }

    [Fact]
    public async Task Nodes_powered_on_at_once_share_no_name_and_no_address_and_each_uses_the_token_once()
    {
        await using CoordinatorServer one = await StartAsync(Options("10.9.8.101-10.9.8.150"), TimeProvider.System);
        await using CoordinatorServer two = await CoordinatorServer.StartAsync(Consul, Options("10.9.8.101-10.9.8.150"), TimeProvider.System);
        string token = await TokenAsync(one, uses: 8);
        VirtualBoard[] boards = [.. Enumerable.Range(0, 12).Select(i => new VirtualBoard($"10000000bbbb{i:x4}", $"b8:27:eb:00:01:{i:x2}"))];

        (EnrolledNode? Node, string Reason)[] results = await Task.WhenAll(boards.Select(async (board, i) =>
        {
            try
            {
                return (await board.EnrolAsync((i % 2 == 0 ? one : two).Url, token, Cancel), "");
            }
            catch (Grpc.Core.RpcException refused)
            {
                return ((EnrolledNode?)null, refused.Status.Detail);
            }
        }));

        EnrolledNode[] nodes = [.. results.Select(result => result.Node).OfType<EnrolledNode>()];
        Assert.Equal(8, nodes.Length);
        Assert.Equal(8, nodes.Select(node => node.Spec.Name).Distinct().Count());
        Assert.Equal(8, nodes.Select(node => node.Spec.Network.Address).Distinct().Count());
        Assert.All(results.Where(result => result.Node is null), result => Assert.True(result.Reason.Contains("used up (8 of 8)", StringComparison.Ordinal), result.Reason));
        Assert.Equal(0, Assert.Single(await one.Tokens.ListAsync(Cancel)).UsesLeft);
        foreach (VirtualBoard board in boards)
        {
            board.Dispose();
        }
    }

    [Fact]
    public async Task An_exhausted_pool_is_told_and_worth_another_try()
    {
        await using CoordinatorServer server = await StartAsync(Options("10.9.8.101-10.9.8.101"));
        string token = await TokenAsync(server, uses: 2);
        using VirtualBoard first = new("10000000aaaa000b", "b8:27:eb:00:00:0b");
        using VirtualBoard second = new("10000000aaaa000c", "b8:27:eb:00:00:0c");
        await first.EnrolAsync(server.Url, token, Cancel);

        Grpc.Core.RpcException refused = await Assert.ThrowsAsync<Grpc.Core.RpcException>(() => second.EnrolAsync(server.Url, token, Cancel));

        EnrolmentFailure failure = EnrolmentFailure.From(refused, server.Url);
        Assert.False(failure.Fatal);
        Assert.Contains("the address pool 10.9.8.101-10.9.8.101 is exhausted", failure.Reason, StringComparison.Ordinal);
        Assert.Single(Assert.Single(await server.Tokens.ListAsync(Cancel)).UsedBy);
    }

    [Fact]
    public async Task An_unreachable_coordinator_is_worth_another_try()
    {
        using VirtualBoard pi = new("10000000aaaa000d", "b8:27:eb:00:00:0d");
        Uri nobody = new($"https://127.0.0.1:{FreePorts.Take(1)[0]}");

        Grpc.Core.RpcException fault = await Assert.ThrowsAsync<Grpc.Core.RpcException>(
            () => pi.EnrolAsync(nobody, JoinToken.Create(new string('a', 64)).Reveal(), Cancel));

        EnrolmentFailure failure = EnrolmentFailure.From(fault, nobody);
        Assert.False(failure.Fatal, failure.Reason);
        Assert.Contains("cannot be reached", failure.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_consul_gone_enrolment_is_refused_for_now_and_works_afterwards()
    {
        await using CoordinatorServer server = await StartAsync(Options());
        string token = await TokenAsync(server);
        using VirtualBoard pi = new("10000000aaaa0011", "b8:27:eb:00:00:11");
        await Consul.KillAsync();
        Grpc.Core.RpcException fault = await Assert.ThrowsAsync<Grpc.Core.RpcException>(() => pi.EnrolAsync(server.Url, token, Cancel));
        Assert.False(EnrolmentFailure.From(fault, server.Url).Fatal, fault.Message);
        await Consul.StartAsync();

        Assert.Equal("pi1", (await pi.EnrolAsync(server.Url, token, Cancel)).Spec.Name);
    }
}
