using RpiAgent.Consul;
using RpiAgent.Coordinator.Setup;
using RpiAgent.Coordinator.Ssh;
using RpiAgent.Identity;

namespace RpiAgent.Coordinator.Enrolment;

/// <summary>Makes this feature's parts known to the host; it needs <see cref="CoordinatorOptions"/>, <see cref="ConsulClient"/> and a TimeProvider there.</summary>
internal static class EnrolmentSetup
{
    public static void Register(IServiceCollection services)
    {
        services.AddSingleton<ClusterFiles>();
        services.AddSingleton(provider => provider.GetRequiredService<ClusterFiles>().LoadAuthority());
        services.AddSingleton<NodeStore>();
        services.AddSingleton<NodeAddressing>();
        services.AddSingleton<NodeAccess>();
        services.AddSingleton<NodePresence>();
        services.AddSingleton<NodeCertificates>();
        services.AddSingleton<TokenStore>();
        services.AddSingleton<NetworkConfirmations>();
        services.AddSingleton<Renewal>();
        services.AddSingleton<Admission>();
        services.AddSingleton<SshKeyStore>();
        services.AddSingleton<FirstSpecs>();
        services.AddSingleton<EnrolmentService>();
    }
}
