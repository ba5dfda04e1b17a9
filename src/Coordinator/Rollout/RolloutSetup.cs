using RpiAgent.Coordinator.Election;

namespace RpiAgent.Coordinator.Rollout;

/// <summary>Composition of this feature.</summary>
internal static class RolloutSetup
{
    public static IServiceCollection AddRollout(this IServiceCollection services) => services
        .AddSingleton(RolloutTimings.Default)
        .AddSingleton<RolloutStore>()
        .AddSingleton<RolloutOrders>()
        .AddSingleton<RolloutLoop>()
        .AddSingleton(provider => new TermLoop("rollout", term => provider.GetRequiredService<RolloutLoop>().RunAsync(term)));
}
