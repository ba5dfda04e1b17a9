using System.Net;
using System.Security.Cryptography;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Agent;
using RpiAgent.Agent.Containers;
using RpiAgent.Agent.Grpc;
using RpiAgent.Agent.Status;
using RpiAgent.Identity;
using RpiAgent.Protos;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Tests.Integration.Support;

/// <summary>A cluster's CA, and certificates of it.</summary>
internal sealed class TestCluster : IDisposable
{
    private readonly CertificateAuthority _authority = CertificateAuthority.Create("test", TimeProvider.System.GetUtcNow(), TimeSpan.FromDays(1));

    public ClusterTls TlsOf(PeerRole role, string id)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = _authority.Issue(
            new System.Security.Cryptography.X509Certificates.PublicKey(key), new PeerIdentity(role, id), HostNames.None, TimeProvider.System.GetUtcNow(), TimeSpan.FromHours(1));
        Credentials credentials = Credentials.FromPem(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem(), _authority.Certificate.ExportCertificatePem());
        return new ClusterTls(new LiveCredentials(credentials), new TrustClock(TimeProvider.System), NullLogger<ClusterTls>.Instance);
    }

    public void Dispose() => _authority.Dispose();
}

/// <summary>The agent's features on a real engine and a real TLS port, as Program composes them, without enrolment and node configuration.</summary>
internal sealed class AgentUnderTest : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly GrpcChannel _channel;

    private AgentUnderTest(WebApplication app, GrpcChannel channel, int port)
    {
        (_app, _channel, Port) = (app, channel, port);
        Client = new Wire.NodeAgent.NodeAgentClient(channel);
    }

    public int Port { get; }

    /// <summary>Calls as the coordinator.</summary>
    public Wire.NodeAgent.NodeAgentClient Client { get; }

    public StatusBoard Board => _app.Services.GetRequiredService<StatusBoard>();

    public ContainerReconciler Reconciler => _app.Services.GetRequiredService<ContainerReconciler>();

    public List<bool> Restarts { get; } = [];

    /// <param name="state">The agent's state folder; the same one again is the same node after a restart.</param>
    public static async Task<AgentUnderTest> StartAsync(TestCluster cluster, string nodeId, string dockerSocket, string state)
    {
        int port = FreePorts.Take(1)[0];
        AgentUnderTest? agent = null;
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.UseClusterTls(cluster.TlsOf(PeerRole.Node, nodeId), requireCertificate: true, NullLogger.Instance);
        }));
        builder.Services.Configure<AgentOptions>(options =>
        {
            options.StateDirectory = state;
            options.DockerSocket = dockerSocket;
        });
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(cluster.TlsOf(PeerRole.Node, nodeId));
        builder.Services.AddSingleton(new NodeHost
        {
            SetSshKeys = (_, _) => Task.CompletedTask,
            Id = new NodeId(nodeId),
            Name = () => "pi1",
            Address = () => "127.0.0.1",
            Hardware = () => new Wire.Hardware { Serial = "s" },
            Network = () => new Wire.NetworkSpec { Method = "dhcp" },
            Configure = (spec, _) => spec.Name == "bad name" ? throw new NodeRefusedException("'bad name' is no host name") : Task.FromResult(new ConfigureOutcome(true, "")),
            Restart = (powerOff, _) =>
            {
                agent!.Restarts.Add(powerOff);
                return Task.CompletedTask;
            },
        });
        builder.Services.AddGrpc(options => options.Interceptors.Add<PeerPolicyInterceptor>());
        builder.Services.AddNodeAgent();
        WebApplication app = builder.Build();
        app.MapGrpcService<NodeAgentService>();
        await app.StartAsync();
        var channel = ClusterChannel.Create(
            new Uri($"https://127.0.0.1:{port}"), cluster.TlsOf(PeerRole.Coordinator, "c1").ClientOptions(PeerRole.Node, nodeId), KeepAlive.Relaxed);
        return agent = new AgentUnderTest(app, channel, port);
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
