using RpiAgent.Consul;
using RpiAgent.Coordinator.Cluster;

namespace RpiAgent.Coordinator.Election;

/// <summary>Composition of this feature. Features add their <see cref="TermLoop"/>s.</summary>
internal static class ElectionSetup
{
    public static IServiceCollection AddElection(this IServiceCollection services, CoordinatorOptions options) => services
        .AddSingleton(ElectionTimings.Default)
        .AddSingleton<Leadership>()
        .AddSingleton<TermRunner>()
        .AddSingleton(provider => new LeaderElector(
            provider.GetRequiredService<ConsulClient>(), provider.GetRequiredService<TermRunner>(), provider.GetRequiredService<ClusterState>(),
            $"{options.AdvertiseAddress}:{options.Port}", provider.GetRequiredService<ElectionTimings>(),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<LeaderElector>>()))
        .AddSingleton(provider => new TermLoop("membership", term => provider.GetRequiredService<MembershipLoop>().RunAsync(term.Ended)))
        .AddHostedService(provider => new ElectionLoop(provider.GetRequiredService<LeaderElector>(), options));
}

/// <summary>Runs the elector; holds the state directory's lock for as long as the process lives.</summary>
internal sealed class ElectionLoop(LeaderElector elector, CoordinatorOptions options) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using FileStream? own = TryLock(options.State("coordinator.lock"));
        await Task.Run(() => elector.RunAsync(aloneHere: own is not null, stoppingToken), CancellationToken.None);
    }

    /// <summary>The kernel gives the lock back when the process ends, however it ends. Null: another process has it.</summary>
    private static FileStream? TryLock(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
