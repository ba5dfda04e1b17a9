using Microsoft.Extensions.Options;
using RpiAgent.Agent.Engine;

namespace RpiAgent.Agent.Containers;

/// <summary>Registration of this feature. Needs an <see cref="ImageSupplier"/> and an <c>Action&lt;ContainersReport&gt;</c>.</summary>
internal static class ContainerServices
{
    /// <summary>The ledger's file in the state directory.</summary>
    public const string LedgerName = "assignment";

    public static IServiceCollection AddContainers(this IServiceCollection services) => services
        .AddSingleton(provider => new Ledger(provider.GetRequiredService<IOptions<AgentOptions>>().Value.State(LedgerName)))
        .AddSingleton<AssignmentHolder>()
        .AddSingleton<ContainerObserver>()
        .AddSingleton<ContainerLogs>()
        .AddSingleton<StepRunner>()
        .AddSingleton<ContainerReconciler>()
        .AddHostedService(provider => provider.GetRequiredService<ContainerReconciler>());
}
