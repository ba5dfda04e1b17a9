using System.Net;
using Microsoft.Extensions.Hosting.Systemd;
using RpiAgent.Consul;
using RpiAgent.Coordinator.Admin;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Discovery;
using RpiAgent.Coordinator.Dispatch;
using RpiAgent.Coordinator.Election;
using RpiAgent.Coordinator.Enrolment;
using RpiAgent.Coordinator.Images;
using RpiAgent.Coordinator.Reconciliation;
using RpiAgent.Coordinator.Rollout;
using RpiAgent.Coordinator.Setup;
using RpiAgent.Coordinator.Ssh;
using RpiAgent.Coordinator.Swarm;
using RpiAgent.Identity;

namespace RpiAgent.Coordinator;

/// <summary>The long-running coordinator: puts the features together, opens the one port, runs until told to stop.</summary>
internal static class Serve
{
    public static async Task<int> RunAsync(IConfiguration configuration, CancellationToken cancel)
    {
        CoordinatorOptions options = CoordinatorOptionsReader.Read(configuration);
        ClusterFiles files = new(options);
        options.DockerClients = options.DockerTls ? files.LoadDockerClients() : "";
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddConfiguration(configuration);
        FollowSystemd(builder);
        // One line a call is for development; what matters is logged by the features.
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        AddCluster(builder.Services, configuration, options, files);

        await using WebApplication app = builder.Build();
        app.MapGrpcService<EnrolmentService>();
        app.MapGrpcService<ClusterAdminService>();
        await app.RunAsync(cancel);
        return Protos.ExitCodes.Ok;
    }

    /// <summary>
    /// READY, STOPPING and systemd's log format. <c>UseSystemd</c> does nothing under ProtectProc=invisible, where a service
    /// cannot read its parent's name; that somebody listens for notifications says as much.
    /// </summary>
    private static void FollowSystemd(WebApplicationBuilder builder)
    {
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is null)
        {
            return;
        }

        builder.Logging.ClearProviders().AddSystemdConsole();
        builder.Services.AddSingleton<ISystemdNotifier, SystemdNotifier>().AddSingleton<IHostLifetime, SystemdLifetime>();
    }

    private static void AddCluster(IServiceCollection services, IConfiguration configuration, CoordinatorOptions options, ClusterFiles files)
    {
        CoordinatorOptionsReader.Register(services, configuration);
        Credentials own = files.Coordinator.Load() ?? throw new SetupException($"{files.Coordinator.CertificatePath} is missing; `rpi-coordinator init` makes it");
        services.AddSingleton(options);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<SteadyTime>();
        services.AddSingleton(new LiveCredentials(own));
        services.AddSingleton(files.Coordinator);
        services.AddHostedService<CredentialRefresh>();
        services.AddSingleton<TrustClock>();
        services.AddSingleton<ClusterTls>();
        services.AddSingleton(provider => new ConsulClient(
            new ConsulOptions
            {
                Urls = [options.ConsulUrl],
                Token = files.LoadManagementToken(),
                Tls = provider.GetRequiredService<ClusterTls>().ClientOptions(PeerRole.Consul),
            },
            provider.GetRequiredService<TimeProvider>()));
        services.AddGrpc(grpc => grpc.Interceptors.Add<PeerPolicyInterceptor>());
        EnrolmentSetup.Register(services);
        AdminSetup.Register(services);
        services
            .AddClusterState()
            .AddElection(options)
            .AddSwarm()
            .AddRollout()
            .AddSsh()
            .AddReconciliation(options)
            .AddDispatch()
            .AddImages()
            .AddHostedService<DiscoveryResponder>();
        services.ConfigureOptions<ListenOnOnePort>();
    }

    /// <summary>TLS with optional client certificates: enrolment has none yet; <see cref="PeerPolicy"/> judges each call.</summary>
    private sealed class ListenOnOnePort(
        ClusterTls tls, Microsoft.Extensions.Options.IOptions<CoordinatorOptions> options, ILogger<ClusterTls> log)
        : Microsoft.Extensions.Options.IConfigureOptions<Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServerOptions>
    {
        public void Configure(Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServerOptions kestrel) =>
            kestrel.Listen(IPAddress.Any, options.Value.Port, listen => listen.UseClusterTls(tls, requireCertificate: false, log));
    }
}
