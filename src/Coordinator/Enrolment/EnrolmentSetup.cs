using RpiAgent.Consul;
using RpiAgent.Coordinator.Setup;
using RpiAgent.Coordinator.Ssh;
using RpiAgent.Identity;

namespace RpiAgent.Coordinator.Enrolment;

/// <summary>Makes this feature's parts known to the host; it needs <see cref="CoordinatorOptions"/>, <see cref="ConsulClient"/> and a TimeProvider there.</summary>
internal static class EnrolmentSetup
{
    /// <summary>Of a request: a CSR and what the board says of itself. Anybody in the network may send one.</summary>
    private const int MostBytes = 64 * 1024;

    public static void Register(IServiceCollection services)
    {
        services.AddGrpc().AddServiceOptions<EnrolmentService>(grpc => grpc.MaxReceiveMessageSize = MostBytes);
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
