namespace RpiAgent.Coordinator.Cluster;

/// <summary>Composition of this feature. Needs TimeProvider, ConsulClient and ClusterTls.</summary>
internal static class ClusterSetup
{
    public static IServiceCollection AddClusterState(this IServiceCollection services) => services
        .AddSingleton<ClusterState>()
        .AddSingleton<ClusterFeeds>()
        .AddSingleton<AgentConnections>()
        .AddSingleton<StatusCollector>()
        .AddSingleton(MembershipTimings.Default)
        .AddSingleton<MembershipLoop>()
        .AddHostedService<ClusterLoop>();
}
