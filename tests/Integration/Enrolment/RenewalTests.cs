using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RpiAgent.Agent.Enrolment;
using RpiAgent.Consul;
using RpiAgent.Coordinator;
using RpiAgent.Coordinator.Enrolment;
using RpiAgent.Identity;
using RpiAgent.Tests.Integration.Support;
using Xunit;

namespace RpiAgent.Tests.Integration.Enrolment;

/// <summary>Certificates of nodes: renewed, for the same board alone.</summary>
public sealed class RenewalTests(ConsulServer consul) : EnrolmentBench(consul)
{
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
        using ConsulClient client = Consul.NewClient();
        AclToken orphan = await client.Acl.CreateTokenAsync("node nobody", ["rpi-node"], Cancel);
        string[] before = [.. (await client.Acl.ListTokensAsync(Cancel)).Select(token => token.Accessor)];

        await TokenAsync(server);
        Assert.NotNull(await client.Acl.FindTokenAsync(orphan.Accessor, Cancel));
        Time.Advance(TimeSpan.FromHours(2));
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
}
