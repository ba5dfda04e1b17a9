using RpiAgent.Coordinator.Election;
using RpiAgent.Coordinator.Reconciliation;

namespace RpiAgent.Coordinator.Dispatch;

/// <summary>Composition of this feature.</summary>
internal static class DispatchSetup
{
    public static IServiceCollection AddDispatch(this IServiceCollection services) => services
        .AddSingleton<AssignmentStore>()
        .AddSingleton<AssignmentDispatcher>()
        .AddSingleton<Admin.ILogSource, AgentLogs>()
        .AddSingleton<StoreChanges>(provider => provider.GetRequiredService<AssignmentStore>().WriteAsync)
        .AddSingleton(provider => new TermLoop("dispatch", term => provider.GetRequiredService<AssignmentDispatcher>().RunAsync(term)));
}
