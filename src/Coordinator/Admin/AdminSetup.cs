using RpiAgent.Coordinator.Stacks;

namespace RpiAgent.Coordinator.Admin;

/// <summary>
/// Makes this feature's parts known to the host. It needs there: ClusterState, TokenStore, NodeStore, ConsulClient, the options, a TimeProvider,
/// and the three edges <see cref="IImageIntake"/>, <see cref="ILogSource"/> and <see cref="IStackPlanner"/>.
/// </summary>
internal static class AdminSetup
{
    public static void Register(IServiceCollection services)
    {
        services.AddSingleton<StackStore>();
        services.AddSingleton<StackAdmin>();
        services.AddSingleton<StreamAdmin>();
        services.AddSingleton<NodeAdmin>();
        services.AddSingleton<SshKeyAdmin>();
        services.AddSingleton<ClusterAdminService>();
        services.AddSingleton<AdminErrors>();
        services.AddGrpc().AddServiceOptions<ClusterAdminService>(grpc =>
        {
            grpc.Interceptors.Add<AdminErrors>();
            grpc.MaxReceiveMessageSize = 8 * 1024 * 1024;
        });
    }
}
