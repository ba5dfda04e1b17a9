using System.Collections.Immutable;
using System.CommandLine;
using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Consul;
using RpiAgent.Coordinator;
using RpiAgent.Coordinator.Admin;
using RpiAgent.Coordinator.Cli;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Enrolment;
using RpiAgent.Coordinator.Model;
using RpiAgent.Coordinator.Stacks;
using RpiAgent.Identity;
using RpiAgent.Protos;
using RpiAgent.Tests.Integration.Support;

namespace RpiAgent.Tests.Integration.Admin;

/// <summary>A coordinator's admin service with real TLS, policy, stores and Consul; what lies beyond its edges is recorded here.</summary>
internal sealed class AdminServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _following;

    private AdminServer(WebApplication app, Uri url)
    {
        (_app, Url) = (app, url);
        _following = FollowAsync();
    }

    public Uri Url { get; }
    public ClusterState State => _app.Services.GetRequiredService<ClusterState>();
    public StackStore Stacks => _app.Services.GetRequiredService<StackStore>();
    public RecordedEdges Edges => _app.Services.GetRequiredService<RecordedEdges>();

    public static async Task<AdminServer> StartAsync(ConsulServer consul)
    {
        int port = FreePorts.Take(1)[0];
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(consul.Options);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<SteadyTime>();
        builder.Services.AddSingleton<ConsulClient>(_ => consul.NewClient());
        builder.Services.AddSingleton<ClusterState>();
        builder.Services.AddSingleton<RecordedEdges>();
        builder.Services.AddSingleton<IImageIntake>(services => services.GetRequiredService<RecordedEdges>());
        builder.Services.AddSingleton<ILogSource>(services => services.GetRequiredService<RecordedEdges>());
        builder.Services.AddSingleton<IStackPlanner>(services => services.GetRequiredService<RecordedEdges>());
        EnrolmentSetup.Register(builder.Services);
        AdminSetup.Register(builder.Services);
        builder.Services.AddGrpc(grpc => grpc.Interceptors.Add<PeerPolicyInterceptor>());
        builder.Services.AddSingleton<PeerPolicyInterceptor>();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.UseClusterTls(consul.NewTls(), requireCertificate: false, NullLogger.Instance);
        }));
        WebApplication app = builder.Build();
        app.MapGrpcService<ClusterAdminService>();
        await app.StartAsync();
        AdminServer server = new(app, new Uri($"https://127.0.0.1:{port}"));
        server.State.Update(cluster => cluster with { Leader = new LeaderView(5, server.Url.Authority, true, DateTimeOffset.UnixEpoch) });
        return server;
    }

    /// <summary>Runs rpictl in this process; the folder has what `init` made for the operator.</summary>
    public async Task<(int Code, string Output, string Words)> RpiCtlAsync(ConsulServer consul, params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter words = new();
        string[] common = arguments.Contains("--coordinator") ? [] : ["--coordinator", Url.ToString()];
        string[] credentials = arguments.Contains("--credentials") ? [] : ["--credentials", consul.Options.StateDirectory];
        int code = await RpiCtl.RunAsync(RpiCtl.CreateRootCommand(), [.. arguments, .. common, .. credentials], new InvocationConfiguration { Output = output, Error = words });
        return (code, output.ToString(), words.ToString());
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _following;
        await _app.StopAsync();
        await _app.DisposeAsync();
        _stop.Dispose();
    }

    /// <summary>What the cluster feature does for these two prefixes: the stores' documents become the snapshot.</summary>
    private async Task FollowAsync()
    {
        NodeStore nodes = _app.Services.GetRequiredService<NodeStore>();
        try
        {
            while (true)
            {
                ImmutableArray<StackSpec> stacks = (await Stacks.ListAsync(default, _stop.Token)).Value;
                Indexed<ImmutableArray<Stored<NodeRecord>>> records = await nodes.ListAsync(default, _stop.Token);
                State.Update(cluster => cluster with
                {
                    Stacks = stacks.ToImmutableSortedDictionary(stack => stack.Name, stack => stack),
                    Nodes = cluster.Nodes.SetItems(records.Value.Select(record => KeyValuePair.Create(record.Value.Id,
                        cluster.Nodes.TryGetValue(record.Value.Id, out NodeView? known) ? known with { Record = record.Value }
                            : new NodeView(record.Value, true, null, true, false, DateTimeOffset.UnixEpoch, new NodeStatusView { EngineUp = true }, null)))),
                });
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The end of the test.
        }
    }

    /// <summary>What Admin hands to agents and to the planner.</summary>
    internal sealed class RecordedEdges : IImageIntake, ILogSource, IStackPlanner
    {
        public long Taken { get; private set; }
        public string TakenAt { get; private set; } = "";

        public async Task<TakenImages> TakeAsync(NodeView? node, bool everywhere, IAsyncEnumerable<ReadOnlyMemory<byte>> tar, CancellationToken cancel)
        {
            TakenAt = node?.Name ?? "";
            if (everywhere)
            {
                throw new AdminRefusal(RefusalKind.NotNow, "no node can run it");
            }

            await foreach (ReadOnlyMemory<byte> piece in tar.WithCancellation(cancel))
            {
                Taken += piece.Length;
            }

            return new TakenImages([new ImageView("sha256:abc", ["busybox:1"], Taken, "linux/arm64")], [TakenAt]);
        }

        public async IAsyncEnumerable<LogPiece> ReadAsync(
            NodeView node, ReplicaId replica, bool follow, int tail, bool timestamps, [EnumeratorCancellation] CancellationToken cancel)
        {
            await Task.Yield();
            yield return new LogPiece(false, "first li"u8.ToArray());
            yield return new LogPiece(true, "oops\n"u8.ToArray());
            yield return new LogPiece(false, "ne\nlast"u8.ToArray());
            if (replica.Index == 2)
            {
                throw new AdminRefusal(RefusalKind.Unreachable, $"{node.Name} does not answer");
            }
        }

        public ImmutableArray<PlannedStep> Plan(ClusterSnapshot cluster, StackSpec wanted) =>
        [
            .. wanted.Workloads.Select(workload => new PlannedStep(
                new ReplicaId(workload.Id, 1), "pi1", "create", "fewest containers",
                ImmutableSortedDictionary<string, string>.Empty.Add("pi2", "port 80 is taken"), ImmutableSortedDictionary<string, double>.Empty.Add("pi1", 100))),
        ];
    }
}
