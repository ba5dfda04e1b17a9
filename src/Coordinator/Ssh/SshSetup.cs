using RpiAgent.Coordinator.Election;

namespace RpiAgent.Coordinator.Ssh;

/// <summary>Composition of this feature; enrolment brings the store along.</summary>
internal static class SshSetup
{
    public static IServiceCollection AddSsh(this IServiceCollection services) => services
        .AddSingleton<SshLoop>()
        .AddSingleton(provider => new TermLoop("ssh", term => provider.GetRequiredService<SshLoop>().RunAsync(term)));
}
