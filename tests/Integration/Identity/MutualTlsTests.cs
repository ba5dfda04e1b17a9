using System.Net;
using System.Net.Sockets;
using System.Text;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RpiAgent.Identity;
using RpiAgent.Protos.Wire;
using RpiAgent.Tests.Integration.Support;
using Xunit;

namespace RpiAgent.Tests.Integration.Identity;

/// <summary>
/// The agent's port as it is opened on a Pi: TLS with required client certificate, the policy before every call. The service has no
/// methods: a call that is let through ends as Unimplemented.
/// </summary>
public sealed class MutualTlsTests : IAsyncLifetime
{
    private static readonly PeerIdentity Node = new(PeerRole.Node, "11111111-1111-1111-1111-111111111111");
    private static readonly PeerIdentity Leader = new(PeerRole.Coordinator, "coordinator");
    private readonly Pki _cluster = new();
    private readonly Pki _other = new();
    private readonly int _port = FreePorts.Take(1)[0];
    private readonly LogLines<ClusterTls> _log = new();
    private LiveCredentials? _server;
    private WebApplication? _app;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private Uri Url => new($"https://127.0.0.1:{_port}");

    public async ValueTask InitializeAsync()
    {
        _server = new LiveCredentials(_cluster.Issue(Node));
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddGrpc(grpc => grpc.Interceptors.Add<PeerPolicyInterceptor>());
        builder.Services.AddSingleton<PeerPolicyInterceptor>();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, _port, listen =>
        {
            listen.UseClusterTls(Tls(_server), requireCertificate: true, _log);
        }));
        _app = builder.Build();
        _app.MapGrpcService<NoMethods>();
        await _app.StartAsync(Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await _app!.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        _cluster.Dispose();
        _other.Dispose();
    }

    [Fact]
    public async Task A_coordinator_may_call_and_either_side_checks_the_other()
    {
        Assert.Equal(StatusCode.Unimplemented, (await DescribeAsync(_cluster.Issue(Leader))).StatusCode);
    }

    [Fact]
    public async Task A_node_certificate_calling_a_coordinator_only_method_is_refused_with_the_reason()
    {
        RpcException refused = await DescribeAsync(_cluster.Issue(new PeerIdentity(PeerRole.Node, "22222222-2222-2222-2222-222222222222")));

        Assert.Equal(StatusCode.PermissionDenied, refused.StatusCode);
        Assert.Contains("is for coordinator certificates, not for node 22222222", refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_may_fetch_an_image_from_a_peer_but_an_operator_may_not()
    {
        Assert.Equal(StatusCode.Unimplemented, (await ExportAsync(_cluster.Issue(new PeerIdentity(PeerRole.Node, "other")))).StatusCode);
        Assert.Equal(StatusCode.PermissionDenied, (await ExportAsync(_cluster.Issue(new PeerIdentity(PeerRole.Operator, "operator")))).StatusCode);
    }

    [Fact]
    public async Task A_call_without_certificate_is_refused_and_the_reason_logged()
    {
        using CertificateHolder authority = new(_cluster.Authority);
        using GrpcChannel channel = ClusterChannel.Create(
            Url, ClusterTls.AnonymousClientOptions(authority.Certificate, new TrustClock(TimeProvider.System), PeerRole.Node), KeepAlive.Relaxed);

        RpcException refused = await FailAsync(channel);

        Assert.NotEqual(StatusCode.Unimplemented, refused.StatusCode);
        Assert.Contains(_log.Lines, line => line.Contains("it showed no certificate", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_plain_text_call_is_refused_with_the_reason()
    {
        using GrpcChannel channel = GrpcChannel.ForAddress($"http://127.0.0.1:{_port}");

        RpcException refused = await FailAsync(channel);

        Assert.NotEqual(StatusCode.Unimplemented, refused.StatusCode);
        Assert.Throws<ArgumentException>(() => ClusterChannel.Create(new Uri($"http://127.0.0.1:{_port}"), ClusterTls.UnverifiedClientOptions(), KeepAlive.Relaxed));
        Assert.Contains(_log.Lines, line => line.Contains("Refused a plain-text call from 127.0.0.1", StringComparison.Ordinal));
    }

    /// <summary>.NET's client does not always show why a connection went; what it is told is looked at on the wire.</summary>
    [Fact]
    public async Task Who_begins_HTTP2_in_plain_text_is_sent_GOAWAY_with_the_reason()
    {
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, _port, Cancel);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), Cancel);
        const string reason = "this port speaks TLS only";
        byte[] answer = new byte[9 + 9 + 8 + reason.Length];      // SETTINGS, then GOAWAY: header, stream and code, reason
        await stream.ReadExactlyAsync(answer, Cancel);

        const byte goAway = 7, inadequateSecurity = 0xc;
        Assert.Equal((goAway, inadequateSecurity), (answer[9 + 3], answer[9 + 9 + 7]));
        Assert.Equal(reason, Encoding.ASCII.GetString(answer.AsSpan(9 + 9 + 8)));
    }

    [Fact]
    public async Task A_browser_in_plain_text_is_told_to_use_TLS()
    {
        using HttpClient http = new();
        using HttpResponseMessage answer = await http.GetAsync(new Uri($"http://127.0.0.1:{_port}/"), Cancel);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("this port speaks TLS only", await answer.Content.ReadAsStringAsync(Cancel));
    }

    [Fact]
    public async Task A_certificate_of_another_cluster_is_refused_by_the_server()
    {
        // The caller trusts the server, so only the server can refuse.
        using CertificateHolder authority = new(_cluster.Authority);
        Credentials stranger = _other.Issue(Leader);
        System.Net.Security.SslClientAuthenticationOptions tls =
            ClusterTls.AnonymousClientOptions(authority.Certificate, new TrustClock(TimeProvider.System), PeerRole.Node);
        tls.LocalCertificateSelectionCallback = (_, _, _, _, _) => stranger.Certificate;
        using GrpcChannel channel = ClusterChannel.Create(Url, tls, KeepAlive.Relaxed);

        RpcException refused = await FailAsync(channel);

        Assert.NotEqual(StatusCode.Unimplemented, refused.StatusCode);
        Assert.Contains(_log.Lines, line => line.Contains("its certificate was not issued by this cluster's CA", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_of_another_cluster_is_refused_by_the_caller_with_the_reason()
    {
        RpcException refused = await DescribeAsync(_other.Issue(Leader));

        Assert.Contains("not issued by this cluster's CA", refused.Status.DebugException!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_with_another_role_or_id_than_expected_is_refused_by_the_caller_with_the_reason()
    {
        ClusterTls tls = Tls(new LiveCredentials(_cluster.Issue(Leader)));
        using GrpcChannel otherId = ClusterChannel.Create(Url, tls.ClientOptions(PeerRole.Node, "somebody-else"), KeepAlive.Relaxed);
        using GrpcChannel otherRole = ClusterChannel.Create(Url, tls.ClientOptions(PeerRole.Coordinator), KeepAlive.Relaxed);

        Assert.Contains($"it is {Node}, not node somebody-else", (await FailAsync(otherId)).Status.DebugException!.ToString(), StringComparison.Ordinal);
        Assert.Contains($"it is {Node}, not coordinator", (await FailAsync(otherRole)).Status.DebugException!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_expired_client_certificate_is_refused()
    {
        DateTimeOffset lastYear = TimeProvider.System.GetUtcNow() - TimeSpan.FromDays(365);

        RpcException refused = await DescribeAsync(_cluster.Issue(Leader, lastYear, TimeSpan.FromDays(90)));

        Assert.NotEqual(StatusCode.Unimplemented, refused.StatusCode);
        Assert.Contains(_log.Lines, line => line.Contains("its certificate expired at", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_renewed_server_certificate_is_shown_to_the_next_caller_without_a_restart()
    {
        Assert.Equal(StatusCode.Unimplemented, (await DescribeAsync(_cluster.Issue(Leader))).StatusCode);
        Credentials renewed = _cluster.Issue(Node);
        _server!.Replace(renewed);
        string? seen = null;
        ClusterTls tls = Tls(new LiveCredentials(_cluster.Issue(Leader)));
        System.Net.Security.SslClientAuthenticationOptions watching = tls.ClientOptions(PeerRole.Node);
        System.Net.Security.RemoteCertificateValidationCallback check = watching.RemoteCertificateValidationCallback!;
        watching.RemoteCertificateValidationCallback = (sender, certificate, chain, errors) =>
        {
            seen = ((System.Security.Cryptography.X509Certificates.X509Certificate2)certificate!).SerialNumber;
            return check(sender, certificate, chain, errors);
        };
        using GrpcChannel channel = ClusterChannel.Create(Url, watching, KeepAlive.Relaxed);

        Assert.Equal(StatusCode.Unimplemented, (await FailAsync(channel)).StatusCode);
        Assert.Equal(renewed.Certificate.SerialNumber, seen);
    }

    private ClusterTls Tls(LiveCredentials credentials) => new(credentials, new TrustClock(TimeProvider.System), _log);

    private async Task<RpcException> DescribeAsync(Credentials caller)
    {
        using GrpcChannel channel = ClusterChannel.Create(Url, Tls(new LiveCredentials(caller)).ClientOptions(PeerRole.Node, Node.Id), KeepAlive.Relaxed);
        return await FailAsync(channel);
    }

    private async Task<RpcException> ExportAsync(Credentials caller)
    {
        using GrpcChannel channel = ClusterChannel.Create(Url, Tls(new LiveCredentials(caller)).ClientOptions(PeerRole.Node, Node.Id), KeepAlive.Relaxed);
        return await Assert.ThrowsAsync<RpcException>(async () =>
        {
            using AsyncServerStreamingCall<ImageChunk> call = new NodeAgent.NodeAgentClient(channel).ExportImage(new ExportImageRequest(), cancellationToken: Cancel);
            await call.ResponseStream.MoveNext(Cancel);
        });
    }

    private static Task<RpcException> FailAsync(GrpcChannel channel) =>
        Assert.ThrowsAsync<RpcException>(async () => await new NodeAgent.NodeAgentClient(channel).DescribeAsync(new DescribeRequest(), cancellationToken: Cancel));

    private sealed class NoMethods : NodeAgent.NodeAgentBase;

    /// <summary>The public part of a CA, as a peer holds it.</summary>
    private sealed class CertificateHolder(CertificateAuthority authority) : IDisposable
    {
        public System.Security.Cryptography.X509Certificates.X509Certificate2 Certificate { get; } =
            System.Security.Cryptography.X509Certificates.X509CertificateLoader.LoadCertificate(authority.Certificate.RawData);

        public void Dispose() => Certificate.Dispose();
    }
}
