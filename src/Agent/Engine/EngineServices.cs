using Microsoft.Extensions.Options;

namespace RpiAgent.Agent.Engine;

/// <summary>Registration of this feature. Needs an <see cref="EngineHold"/>.</summary>
internal static class EngineServices
{
    public static IServiceCollection AddEngine(this IServiceCollection services) => services
        .AddSingleton(provider =>
        {
            AgentOptions options = provider.GetRequiredService<IOptions<AgentOptions>>().Value;
            return new EngineConnection(
                options.Under(options.DockerSocket), provider.GetRequiredService<EngineHold>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<EngineConnection>>());
        })
        .AddSingleton<DockerEngine>()
        .AddSingleton<EngineWatch>()
        .AddHostedService(provider => provider.GetRequiredService<EngineWatch>());
}
