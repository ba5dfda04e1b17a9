using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RpiAgent.Agent.Enrolment;
using RpiAgent.Consul;
using RpiAgent.Coordinator;
using RpiAgent.Coordinator.Enrolment;
using RpiAgent.Coordinator.Model;
using RpiAgent.Identity;
using RpiAgent.Protos;
using RpiAgent.Tests.Integration.Support;
using Xunit;

namespace RpiAgent.Tests.Integration.Enrolment;

/// <summary>Agent and coordinator against each other: real TLS, real Consul with ACLs, the agent's files in a folder.</summary>
public sealed class EnrolmentTests(ConsulServer consul) : IClassFixture<ConsulServer>
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private CoordinatorOptions Options(string pool = "", params NodeOptions[] nodes) => new()
    {
        StateDirectory = consul.Options.StateDirectory,
        AdvertiseAddress = "127.0.0.1",
        Consul = consul.Options.Consul,
        Network = new NetworkOptions { Pool = pool, Gateway = pool.Length > 0 ? "10.9.8.1" : "", Dns = pool.Length > 0 ? ["10.9.8.1"] : [] },
        DockerOptions = ["--log-driver=local"],
        Nodes = nodes,
    };

    private async Task<CoordinatorServer> StartAsync(CoordinatorOptions options, TimeProvider? time = null)
    {
        consul.RequireConsul();
        using ConsulClient client = consul.NewClient();
        await client.Transactions.RunAsync([TransactionOperation.DeleteTree("rpi/")], Cancel);
        return await CoordinatorServer.StartAsync(consul, options, time ?? _time);
    }

    private static async Task<string> TokenAsync(CoordinatorServer server, int uses = 1) =>
        (await server.Tokens.CreateAsync(Day, uses, "", Cancel)).Token.Reveal();

    private static async Task<string> RefusalAsync(Task<EnrolledNode> enrolment)
    {
        try
        {
            await enrolment;
        }
        catch (EnrolmentException refused)
        {
            return refused.Message;
        }
        catch (Grpc.Core.RpcException refused)
        {
            EnrolmentFailure failure = EnrolmentFailure.From(refused, new Uri("https://coordinator"));
            Assert.True(failure.Fatal, failure.Reason);
            return failure.Reason;
        }

        throw new InvalidOperationException("the enrolment was not refused");
    }

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
        Assert.True(node.Credentials.NotBefore < _time.GetUtcNow() - TimeSpan.FromHours(23));
        Assert.True(node.Credentials.NotAfter > _time.GetUtcNow() + TimeSpan.FromDays(90));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(pi.Options.State("identity/node.key")));
        NodeRecord record = (await server.Nodes.FindAsync(node.Id, Cancel))!.Value;
        Assert.Equal(("pi1", "10.9.8.101/24", "10000000aaaa0001", 3884344L * 1024), (record.Name, record.Address, record.Hardware.Serial, record.Hardware.MemoryBytes));

        using ConsulClient own = new(
            new ConsulOptions { Urls = [consul.Options.ConsulUrl], Token = node.Spec.ConsulToken, Tls = pi.TlsOf(node).ClientOptions(PeerRole.Consul) }, TimeProvider.System);
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
        using ConsulClient own = consul.NewClient(node.Spec.ConsulToken);
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
        await using CoordinatorServer two = await CoordinatorServer.StartAsync(consul, Options("10.9.8.101-10.9.8.150"), TimeProvider.System);
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
    public async Task A_Pi_whose_answer_got_lost_asks_again_and_uses_nothing_more()
    {
        await using CoordinatorServer server = await StartAsync(Options());
        string token = await TokenAsync(server);
        using VirtualBoard pi = new("10000000aaaa0003", "b8:27:eb:00:00:03");
        EnrolledNode first = await pi.EnrolAsync(server.Url, token, Cancel);
        File.Move(pi.Options.State("identity/node.key"), pi.Options.State("identity/node.key.next"));
        File.Delete(pi.Options.State("identity/node.pem"));
        Assert.Null(pi.Enroller.Load());

        EnrolledNode again = await pi.EnrolAsync(server.Url, token, Cancel);

        Assert.Equal(first.Id, again.Id);
        Assert.Single(Assert.Single(await server.Tokens.ListAsync(Cancel)).UsedBy);
    }

    [Fact]
    public async Task A_key_that_used_the_token_lets_no_other_board_in_by_it()
    {
        await using CoordinatorServer server = await StartAsync(Options("10.9.8.101-10.9.8.110"));
        string token = await TokenAsync(server);
        using VirtualBoard pi = new("10000000aaaa0013", "b8:27:eb:00:00:13");
        await pi.EnrolAsync(server.Url, token, Cancel);
        File.Move(pi.Options.State("identity/node.key"), pi.Options.State("identity/node.key.next"));
        File.Delete(pi.Options.State("identity/node.pem"));

        // One that says so, with the same key: nothing is left on the token for it.
        pi.Write("/proc/device-tree/serial-number", "10000000ffff0013\0");
        string stolen = await File.ReadAllTextAsync(pi.Options.State("identity/node.key.next"), Cancel);
        File.Delete(pi.Options.State("identity/board"));
        Assert.Contains("used up (1 of 1)", await RefusalAsync(pi.EnrolAsync(server.Url, token, Cancel)), StringComparison.Ordinal);
        Assert.Equal(stolen, await File.ReadAllTextAsync(pi.Options.State("identity/node.key.next"), Cancel));
        Assert.Single((await server.Nodes.ListAsync(default, Cancel)).Value);

        // A copied card: the key was made on another board, so it is not used at all.
        pi.Write("/proc/device-tree/serial-number", "10000000ffff0014\0");
        Assert.Contains("used up (1 of 1)", await RefusalAsync(pi.EnrolAsync(server.Url, token, Cancel)), StringComparison.Ordinal);
        Assert.NotEqual(stolen, await File.ReadAllTextAsync(pi.Options.State("identity/node.key.next"), Cancel));
    }

    [Fact]
    public async Task A_wrong_token_is_refused()
    {
        await using CoordinatorServer server = await StartAsync(Options());
        using VirtualBoard pi = new("10000000aaaa0004", "b8:27:eb:00:00:04");

        string reason = await RefusalAsync(pi.EnrolAsync(server.Url, JoinToken.Create(server.Authority.Digest).Reveal(), Cancel));

        Assert.Contains("the join token is wrong", reason, StringComparison.Ordinal);
        Assert.Empty((await server.Nodes.ListAsync(default, Cancel)).Value);
        Assert.Null(pi.Enroller.Load());
    }

    [Fact]
    public async Task An_expired_token_is_refused()
    {
        await using CoordinatorServer server = await StartAsync(Options());
        string token = await TokenAsync(server);
        _time.Advance(Day);
        using VirtualBoard pi = new("10000000aaaa0005", "b8:27:eb:00:00:05");

        Assert.Contains("expired at", await RefusalAsync(pi.EnrolAsync(server.Url, token, Cancel)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_revoked_token_is_refused()
    {
        await using CoordinatorServer server = await StartAsync(Options());
        (JoinToken token, TokenRecord record) = await server.Tokens.CreateAsync(Day, 5, "for the attic", Cancel);
        Assert.NotNull(await server.Tokens.RevokeAsync(record.Id, Cancel));
        Assert.Null(await server.Tokens.RevokeAsync("000000000000", Cancel));
        using VirtualBoard pi = new("10000000aaaa0006", "b8:27:eb:00:00:06");

        Assert.Contains($"{record.Id} was revoked", await RefusalAsync(pi.EnrolAsync(server.Url, token.Reveal(), Cancel)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_used_up_token_is_refused()
    {
        await using CoordinatorServer server = await StartAsync(Options());
        string token = await TokenAsync(server);
        using VirtualBoard first = new("10000000aaaa0007", "b8:27:eb:00:00:07");
        using VirtualBoard second = new("10000000aaaa0008", "b8:27:eb:00:00:08");
        await first.EnrolAsync(server.Url, token, Cancel);

        Assert.Contains("used up (1 of 1)", await RefusalAsync(second.EnrolAsync(server.Url, token, Cancel)), StringComparison.Ordinal);
        Assert.Single((await server.Nodes.ListAsync(default, Cancel)).Value);
    }

    [Fact]
    public async Task A_token_of_another_clusters_CA_is_refused_by_the_Pi_before_it_shows_its_secret()
    {
        await using CoordinatorServer server = await StartAsync(Options());
        using VirtualBoard pi = new("10000000aaaa000a", "b8:27:eb:00:00:0a");
        using CertificateAuthority other = CertificateAuthority.Create("other", _time.GetUtcNow(), TimeSpan.FromDays(3650));

        string reason = await RefusalAsync(pi.EnrolAsync(server.Url, JoinToken.Create(other.Digest).Reveal(), Cancel));

        Assert.Contains("the join token is of another cluster", reason, StringComparison.Ordinal);
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
    public async Task A_certificate_is_renewed_by_showing_it_with_a_new_key_and_the_same_id()
    {
        await using CoordinatorServer server = await StartAsync(Options("10.9.8.101-10.9.8.110"));
        using VirtualBoard pi = new("10000000aaaa000e", "b8:27:eb:00:00:0e");
        EnrolledNode before = await pi.EnrolAsync(server.Url, await TokenAsync(server), Cancel);
        LiveCredentials live = new(before.Credentials);
        ClusterTls tls = new(live, pi.Clock, NullLogger<ClusterTls>.Instance);

        EnrolledNode after = await pi.Renewal.RenewAsync(() => before, live, tls, Cancel);

        Assert.Equal((before.Id, before.Spec.Name, before.Spec.ConsulToken), (after.Id, after.Spec.Name, after.Spec.ConsulToken));
        Assert.NotEqual(before.Credentials.Certificate.GetPublicKeyString(), after.Credentials.Certificate.GetPublicKeyString());
        Assert.Same(after.Credentials, live.Current);
        Assert.Equal(after.Credentials.Certificate.SerialNumber, pi.Enroller.Load()!.Credentials.Certificate.SerialNumber);
        Assert.Equal(after.Credentials.Certificate.SerialNumber, (await server.Nodes.FindAsync(after.Id, Cancel))!.Value.CertificateSerial);
    }

    /// <summary>A coordinator that was killed between making the token and writing it down.</summary>
    [Fact]
    public async Task Access_to_Consul_that_no_node_has_is_revoked_before_the_next_invitation()
    {
        await using CoordinatorServer server = await StartAsync(Options());
        using VirtualBoard pi = new("10000000aaaa0013", "b8:27:eb:00:00:13");
        await pi.EnrolAsync(server.Url, await TokenAsync(server), Cancel);
        using ConsulClient client = consul.NewClient();
        AclToken orphan = await client.Acl.CreateTokenAsync("node nobody", ["rpi-node"], Cancel);
        string[] before = [.. (await client.Acl.ListTokensAsync(Cancel)).Select(token => token.Accessor)];

        await TokenAsync(server);
        Assert.NotNull(await client.Acl.FindTokenAsync(orphan.Accessor, Cancel));
        _time.Advance(TimeSpan.FromHours(2));
        await TokenAsync(server);

        Assert.Null(await client.Acl.FindTokenAsync(orphan.Accessor, Cancel));
        string held = (await server.Nodes.ListAsync(default, Cancel)).Value.Single().Value.ConsulAccessor;
        Assert.Contains(held, before);
        Assert.NotNull(await client.Acl.FindTokenAsync(held, Cancel));
    }

    [Fact]
    public async Task A_certificate_names_the_address_its_node_is_seen_at_and_is_renewed_when_that_is_a_new_one()
    {
        await using CoordinatorServer server = await StartAsync(Options("10.9.8.101-10.9.8.110"));
        using VirtualBoard pi = new("10000000aaaa0012", "b8:27:eb:00:00:12");
        EnrolledNode first = await pi.EnrolAsync(server.Url, await TokenAsync(server), Cancel);
        Assert.True(Names(first, "10.9.8.101"));
        Assert.True(Names(first, "127.0.0.1"));
        Assert.False(Names(first, "127.0.0.2"));

        // It says that it has moved; the coordinator sees otherwise, and names only what it sees. Asked once, not for ever.
        LiveCredentials live = new(first.Credentials);
        string address = "127.0.0.1";
        int looks = 0;
        List<EnrolledNode> renewed = [];
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        FakeTimeProvider time = new(TimeProvider.System.GetUtcNow());
        RenewalLoop loop = new(pi.Store, pi.Boards, pi.Coordinator, pi.Clock, time, NullLogger<RenewalLoop>.Instance);
        Task running = loop.RunAsync(() => renewed.LastOrDefault() ?? first, () => looks++ == 0 ? throw new IOException("no look succeeds always") : address, live, new ClusterTls(live, pi.Clock, NullLogger<ClusterTls>.Instance), renewed.Add, stop.Token);
        await PassAsync(12);
        Assert.Empty(renewed);
        address = "127.0.0.2";
        await PassAsync(20);
        Assert.False(Names(Assert.Single(renewed), address));
        Assert.True(Names(renewed[0], "127.0.0.1"));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);

        static bool Names(EnrolledNode node, string address) => node.Credentials.Certificate.MatchesHostname(address, allowWildcards: false, allowCommonName: false);

        async Task PassAsync(int looks)
        {
            for (int look = 0; look < looks; look++)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, Cancel);
                time.Advance(TimeSpan.FromSeconds(10));
            }
        }
    }

    [Fact]
    public async Task A_certificate_that_has_ended_is_seen_by_the_coordinators_answer_where_the_clock_is_behind()
    {
        CoordinatorServer server = await StartAsync(Options());
        using VirtualBoard pi = new("10000000aaaa0013", "b8:27:eb:00:00:13");
        EnrolledNode node = await pi.EnrolAsync(server.Url, await TokenAsync(server), Cancel);
        FakeTimeProvider behind = new(TimeProvider.System.GetUtcNow().AddDays(-200));
        TrustClock clock = new(behind, () => false);
        CoordinatorClient client = new(clock, TimeProvider.System);
        Enroller enroller = new(pi.Store, pi.Boards, client, clock, TimeProvider.System, NullLogger<Enroller>.Instance);
        EnrolledNode ended = node with { Credentials = Ended() };
        Assert.True(clock.Now < ended.Credentials.NotAfter);

        Assert.True(await client.TakesAsync(server.Url, node.Credentials, Cancel));
        Assert.False(await client.TakesAsync(server.Url, ended.Credentials, Cancel));
        Assert.False(await enroller.IsRefusedAsync(node, server.Url, _ => { }, Cancel));
        Assert.True(await enroller.IsRefusedAsync(ended, server.Url, _ => { }, Cancel));
        Uri gone = server.Url;
        await server.DisposeAsync();
        Assert.Null(await client.TakesAsync(gone, ended.Credentials, Cancel));

        Credentials Ended()
        {
            using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            Assert.True(server.Authority.TrySign(
                CredentialFiles.RequestFor(key), new PeerIdentity(PeerRole.Node, node.Id.Value), HostNames.None, TimeProvider.System.GetUtcNow().AddDays(-91), TimeSpan.FromDays(90), out X509Certificate2? certificate, out _));
            using (certificate)
            {
                return Credentials.FromPem(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem(), server.Authority.Certificate.ExportCertificatePem());
            }
        }
    }

    [Fact]
    public async Task An_identity_on_another_board_is_refused_by_the_agent_and_by_the_coordinator()
    {
        await using CoordinatorServer server = await StartAsync(Options());
        using VirtualBoard pi = new("10000000aaaa000f", "b8:27:eb:00:00:0f");
        EnrolledNode node = await pi.EnrolAsync(server.Url, await TokenAsync(server), Cancel);
        pi.Write("/proc/device-tree/serial-number", "10000000ffff0000\0");

        EnrolmentException here = Assert.Throws<EnrolmentException>(() => pi.Enroller.Load());
        Assert.Contains("E_CLONE", here.Message, StringComparison.Ordinal);

        Grpc.Core.RpcException there = await Assert.ThrowsAsync<Grpc.Core.RpcException>(
            () => pi.Renewal.RenewAsync(() => node, new LiveCredentials(node.Credentials), pi.TlsOf(node), Cancel));
        Assert.Equal(Grpc.Core.StatusCode.PermissionDenied, there.StatusCode);
        Assert.Contains("E_CLONE", there.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_board_without_a_serial_renews_with_another_network_adapter_but_not_with_another_card_too()
    {
        await using CoordinatorServer server = await StartAsync(Options());
        using VirtualBoard pi = new("", "b8:27:eb:00:00:14");
        pi.Write("/sys/block/mmcblk0/device/cid", "aa01\n");
        EnrolledNode node = await pi.EnrolAsync(server.Url, await TokenAsync(server), Cancel);
        pi.Write("/sys/class/net/eth0/address", "b8:27:eb:00:00:15\n");
        node = await pi.Renewal.RenewAsync(() => node, new LiveCredentials(node.Credentials), pi.TlsOf(node), Cancel);
        Assert.NotNull(pi.Enroller.Load());

        pi.Write("/sys/class/net/eth0/address", "b8:27:eb:00:00:16\n");
        pi.Write("/sys/block/mmcblk0/device/cid", "bb01\n");
        Assert.Contains("E_CLONE", Assert.Throws<EnrolmentException>(() => pi.Enroller.Load()).Message, StringComparison.Ordinal);
        Grpc.Core.RpcException there = await Assert.ThrowsAsync<Grpc.Core.RpcException>(
            () => pi.Renewal.RenewAsync(() => node, new LiveCredentials(node.Credentials), pi.TlsOf(node), Cancel));
        Assert.Contains("other MAC and SD card", there.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_network_change_is_confirmed_only_over_the_interface_and_from_the_address_that_it_is_about()
    {
        await using CoordinatorServer server = await StartAsync(Options());
        using VirtualBoard pi = new("10000000aaaa0010", "b8:27:eb:00:00:10");
        EnrolledNode node = await pi.EnrolAsync(server.Url, await TokenAsync(server), Cancel);
        ContactConfirmer confirmer = new(pi.Coordinator, pi.TlsOf(node), new LiveCredentials(node.Credentials), pi.Clock);

        Assert.Contains("from 127.0.0.1, not from 127.0.0.2", await confirmer.TryConfirmAsync(server.Url, new AddressClaim("txn-1", "lo", "127.0.0.2"), Cancel), StringComparison.Ordinal);
        Assert.Contains("wlan9 has no way", await confirmer.TryConfirmAsync(server.Url, new AddressClaim("txn-1", "wlan9", "127.0.0.1"), Cancel), StringComparison.Ordinal);
        Assert.Null(server.Confirmations.LastOf(node.Id));
        Assert.Null(await confirmer.TryConfirmAsync(server.Url, new AddressClaim("txn-1", "lo", "127.0.0.1"), Cancel));
        Assert.Equal(("txn-1", "127.0.0.1"), (server.Confirmations.LastOf(node.Id)!.TransactionId, server.Confirmations.LastOf(node.Id)!.Address));

        Grpc.Core.RpcException lie = await Assert.ThrowsAsync<Grpc.Core.RpcException>(() => pi.Coordinator.ConfirmNetworkAsync(
            server.Url, pi.TlsOf(node), new Protos.Wire.ConfirmNetworkRequest { TransactionId = "txn-2", ObservedAddress = "10.0.0.1" }, Cancel));
        Assert.Equal(Grpc.Core.StatusCode.FailedPrecondition, lie.StatusCode);
        Assert.Contains("it is seen as 127.0.0.1", lie.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task On_the_coordinator_a_node_may_not_administer_and_nobody_without_certificate_may_confirm()
    {
        await using CoordinatorServer server = await StartAsync(Options());
        using VirtualBoard pi = new("10000000aaaa0012", "b8:27:eb:00:00:12");
        EnrolledNode node = await pi.EnrolAsync(server.Url, await TokenAsync(server), Cancel);
        using GrpcChannel asNode = ClusterChannel.Create(server.Url, pi.TlsOf(node).ClientOptions(PeerRole.Coordinator), KeepAlive.Relaxed);
        using GrpcChannel asNobody = ClusterChannel.Create(
            server.Url, ClusterTls.AnonymousClientOptions(node.Credentials.Authority, pi.Clock, PeerRole.Coordinator), KeepAlive.Relaxed);
        using Credentials operatorCredentials = consul.Files.Operator.Load()!;
        using GrpcChannel asOperator = ClusterChannel.Create(
            server.Url, new ClusterTls(new LiveCredentials(operatorCredentials), pi.Clock, NullLogger<ClusterTls>.Instance).ClientOptions(PeerRole.Coordinator), KeepAlive.Relaxed);

        Assert.Equal(Grpc.Core.StatusCode.PermissionDenied, (await ListNodesAsync(asNode)).StatusCode);
        Assert.Equal(Grpc.Core.StatusCode.Unauthenticated, (await ListNodesAsync(asNobody)).StatusCode);
        Assert.Equal(Grpc.Core.StatusCode.Unimplemented, (await ListNodesAsync(asOperator)).StatusCode);
        Grpc.Core.RpcException confirm = await Assert.ThrowsAsync<Grpc.Core.RpcException>(
            async () => await new Protos.Wire.Enrolment.EnrolmentClient(asNobody).ConfirmNetworkAsync(new Protos.Wire.ConfirmNetworkRequest(), cancellationToken: Cancel));
        Assert.Equal(Grpc.Core.StatusCode.Unauthenticated, confirm.StatusCode);
        Assert.Contains("needs a client certificate", confirm.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_consul_gone_enrolment_is_refused_for_now_and_works_afterwards()
    {
        await using CoordinatorServer server = await StartAsync(Options());
        string token = await TokenAsync(server);
        using VirtualBoard pi = new("10000000aaaa0011", "b8:27:eb:00:00:11");
        await consul.KillAsync();
        Grpc.Core.RpcException fault = await Assert.ThrowsAsync<Grpc.Core.RpcException>(() => pi.EnrolAsync(server.Url, token, Cancel));
        Assert.False(EnrolmentFailure.From(fault, server.Url).Fatal, fault.Message);
        await consul.StartAsync();

        Assert.Equal("pi1", (await pi.EnrolAsync(server.Url, token, Cancel)).Spec.Name);
    }

    private static Task<Grpc.Core.RpcException> ListNodesAsync(GrpcChannel channel) => Assert.ThrowsAsync<Grpc.Core.RpcException>(
        async () => await new Protos.Wire.ClusterAdmin.ClusterAdminClient(channel).ListNodesAsync(new Protos.Wire.ListNodesRequest(), cancellationToken: Cancel));
}
