namespace RpiAgent.Agent.Swarm;

/// <summary>Registration of this feature. Needs an <c>Action&lt;SwarmState&gt;</c>.</summary>
internal static class SwarmServices
{
    public static IServiceCollection AddSwarm(this IServiceCollection services) => services
        .AddSingleton<SwarmReader>()
        .AddSingleton<SwarmOrders>()
        .AddSingleton<SwarmWatch>()
        .AddHostedService(provider => provider.GetRequiredService<SwarmWatch>());
}
