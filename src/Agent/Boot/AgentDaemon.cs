using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Options;
using RpiAgent.Agent.Boot.Card;
using RpiAgent.Agent.Containers;
using RpiAgent.Agent.Enrolment;
using RpiAgent.Agent.Grpc;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Agent.Registration;
using RpiAgent.Agent.Ssh;
using RpiAgent.Agent.Status;
using RpiAgent.Identity;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Boot;

/// <summary>The daemon: enrols if it must, then puts the features together and runs until told to stop.</summary>
internal static partial class AgentDaemon
{
    public static async Task<int> RunAsync(IConfiguration configuration, CancellationToken cancel)
    {
        AgentOptions options = AgentConfiguration.ReadOptions(configuration);
        StateFolder.Sweep(options);
        TimeProvider time = TimeProvider.System;
        ClockProbe probe = new(options);
        TrustClock clock = new(time, probe.IsSynchronised);
        clock.NotBefore(probe.Floor());
        SystemdNotifier notifier = new();
        EnrolledNode? node = await JoinAsync(options, probe, clock, notifier, time, cancel);
        if (node is null)
        {
            return ExitCodes.Ok;
        }

        LeadersOrders.KeepOnly(options, node.Id);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddConfiguration(configuration);
        // UseSystemd does nothing under ProtectProc=invisible, where a service cannot read its parent's name.
        builder.Services.AddSingleton<ISystemdNotifier>(notifier).AddSingleton<IHostLifetime, SystemdLifetime>();
        builder.Logging.ClearProviders().AddSystemdConsole().AddFilter("Microsoft.AspNetCore", LogLevel.Warning).AddProvider(new AuditLog(options, time));
        Compose(builder.Services, options, node, probe, clock, time);
        builder.WebHost.ConfigureKestrel((_, kestrel) => Listen(kestrel, options));
        await using WebApplication app = builder.Build();
        app.MapGrpcService<NodeAgentService>();
        await app.Services.GetRequiredService<NodeAddress>().LookAsync(cancel);
        await app.RunAsync(cancel);
        return ExitCodes.Ok;
    }

    /// <summary>READY is sent before enrolment: a Pi whose coordinator is away has started, and says what it waits for.</summary>
    /// <returns>Null when told to stop meanwhile.</returns>
    private static async Task<EnrolledNode?> JoinAsync(AgentOptions options, ClockProbe probe, TrustClock clock, SystemdNotifier notifier, TimeProvider time, CancellationToken cancel)
    {
        using ILoggerFactory logs = LoggerFactory.Create(logging => logging.AddSystemdConsole().AddProvider(new AuditLog(options, time)));
        using PosixStop stop = new(cancel);
        string status = "starting";
        CoordinatorClient coordinator = new(clock, time);
        CommandRunner commands = new(time);
        using NodeConfigurator configurator = new(options, time, logs);
        ILogger<CoordinatorSearch> searchLog = logs.CreateLogger<CoordinatorSearch>();
        CoordinatorSearch search = new(coordinator, new DiscoveryAsker(time, searchLog), time, searchLog);
        CardOrder card = new(
            options, new CardDesk(options, commands, logs.CreateLogger<CardDesk>()),
            new CardConfiguration(options, configurator, coordinator, search, commands, time, logs.CreateLogger<CardConfiguration>()),
            search, time, logs.CreateLogger<CardOrder>());
        IdentityStore identity = new(options);
        BoardReader boards = new(options);
        Enroller enroller = new(identity, boards, coordinator, clock, time, logs.CreateLogger<Enroller>());
        ClockWait wait = new(probe, commands, time);
        Joining joining = new(enroller, card, (tell, stopped) => wait.WaitAsync(TimeSpan.FromSeconds(options.ClockWaitSeconds), tell, stopped), reason => Volatile.Write(ref status, reason), clock, time, logs.CreateLogger<Joining>());
        using SystemdPulse pulse = new(notifier, () => Volatile.Read(ref status), () => TimeSpan.Zero, time, logs.CreateLogger<SystemdPulse>());
        notifier.Notify(ServiceState.Ready);
        await pulse.StartAsync(stop.Token);
        try
        {
            if (await Quarantine.BeginAsync(options, identity, boards, commands, stop.Token) is { } found)
            {
                LogQuarantine(logs.CreateLogger(nameof(Quarantine)), found);
            }

            return await joining.RunAsync(stop.Token);
        }
        catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
        {
            return null;
        }
        finally
        {
            await pulse.StopAsync(CancellationToken.None);
        }
    }

    private static void Compose(IServiceCollection services, AgentOptions options, EnrolledNode node, ClockProbe probe, TrustClock clock, TimeProvider time)
    {
        services
            .AddSingleton(Options.Create(options)).AddSingleton(options)
            .AddSingleton(time).AddSingleton(clock)
            .AddSingleton(probe).AddSingleton<ClockWait>().AddSingleton<ClockSetter>().AddHostedService<ClockKeeping>()
            .AddSingleton(new LiveCredentials(node.Credentials)).AddSingleton<ClusterTls>()
            .AddSingleton(new CurrentNode(node))
            .AddSingleton(provider => new NodeAddress(node.Saved.Coordinator, time, provider.GetRequiredService<ILogger<NodeAddress>>()))
            .AddHostedService(provider => provider.GetRequiredService<NodeAddress>())
            .AddSingleton<IdentityStore>().AddSingleton<BoardReader>().AddSingleton<CoordinatorClient>().AddSingleton<ContactConfirmer>()
            .AddSingleton<RenewalLoop>().AddSingleton<NodeLifeServices>()
            .AddSingleton<CommandRunner>().AddSingleton<NodeConfigurator>().AddSingleton<NodeConfiguring>()
            .AddSingleton(provider => provider.GetRequiredService<NodeConfiguring>().Host(provider.GetRequiredService<SshOrders>().TakeAsync))
            .AddSingleton<SshKeys>().AddSingleton<SshOrders>()
            .AddNodeAgent()
            .AddHostedService<NodeLife>()
            .AddHostedService<SshKeeping>()
            .AddHostedService<MemoryTrim>()
            .AddSingleton<CardDesk>().AddHostedService<CardWatch>()
            .AddHostedService(Pulse)
            .AddGrpc(grpc => grpc.Interceptors.Add<PeerPolicyInterceptor>());
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
    }

    private static SystemdPulse Pulse(IServiceProvider provider)
    {
        CurrentNode node = provider.GetRequiredService<CurrentNode>();
        NodeAddress address = provider.GetRequiredService<NodeAddress>();
        StatusBoard board = provider.GetRequiredService<StatusBoard>();
        ContainerReconciler reconciler = provider.GetRequiredService<ContainerReconciler>();
        return new SystemdPulse(
            provider.GetRequiredService<ISystemdNotifier>(),
            () => StatusText.Of(StatusText.Facts(node.Current.Spec.Name, address.Current, board.Report, board.SinceContact)),
            () => reconciler.SinceLastRound,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<SystemdPulse>>());
    }

    private static void Listen(KestrelServerOptions kestrel, AgentOptions options)
    {
        ClusterTls tls = kestrel.ApplicationServices.GetRequiredService<ClusterTls>();
        ILogger<ClusterTls> log = kestrel.ApplicationServices.GetRequiredService<ILogger<ClusterTls>>();
        kestrel.Listen(IPAddress.Any, options.Port, listen => listen.UseClusterTls(tls, requireCertificate: true, log));
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Found}")]
    private static partial void LogQuarantine(ILogger log, string found);
}
