using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Consul;
using RpiAgent.Coordinator;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Enrolment;
using RpiAgent.Identity;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Tests.Integration.Support;

/// <summary>
/// The coordinator's gRPC server with real TLS, policy and enrolment on a real Consul. The admin service is there without methods:
/// a call that the policy lets through ends as Unimplemented.
/// </summary>
internal sealed class CoordinatorServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private CoordinatorServer(WebApplication app, Uri url)
    {
        _app = app;
        Url = url;
    }

    public Uri Url { get; }

    public TokenStore Tokens => _app.Services.GetRequiredService<TokenStore>();

    public NodeStore Nodes => _app.Services.GetRequiredService<NodeStore>();

    public NetworkConfirmations Confirmations => _app.Services.GetRequiredService<NetworkConfirmations>();

    public CertificateAuthority Authority => _app.Services.GetRequiredService<CertificateAuthority>();

    public static async Task<CoordinatorServer> StartAsync(ConsulServer consul, CoordinatorOptions options, TimeProvider time)
    {
        int port = FreePorts.Take(1)[0];
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton<ConsulClient>(_ => consul.NewClient());
        builder.Services.AddSingleton<ClusterState>();
        builder.Services.AddSingleton<SteadyTime>();
        EnrolmentSetup.Register(builder.Services);
        builder.Services.AddGrpc(grpc => grpc.Interceptors.Add<PeerPolicyInterceptor>());
        builder.Services.AddSingleton<PeerPolicyInterceptor>();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen =>
        {
            listen.UseClusterTls(consul.NewTls(), requireCertificate: false, NullLogger.Instance);
        }));
        WebApplication app = builder.Build();
        app.MapGrpcService<EnrolmentService>();
        app.MapGrpcService<NoMethods>();
        await app.StartAsync();
        return new CoordinatorServer(app, new Uri($"https://127.0.0.1:{port}"));
    }

    private sealed class NoMethods : ClusterAdmin.ClusterAdminBase;

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
