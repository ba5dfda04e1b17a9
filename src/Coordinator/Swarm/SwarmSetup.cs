using RpiAgent.Coordinator.Election;

namespace RpiAgent.Coordinator.Swarm;

/// <summary>Composition of this feature.</summary>
internal static class SwarmSetup
{
    public static IServiceCollection AddSwarm(this IServiceCollection services) => services
        .AddSingleton(SwarmPolicy.Default)
        .AddSingleton<SwarmOrders>()
        .AddSingleton<SwarmRunner>()
        .AddSingleton(provider => new TermLoop("swarm", term => provider.GetRequiredService<SwarmRunner>().RunAsync(term)));
}
