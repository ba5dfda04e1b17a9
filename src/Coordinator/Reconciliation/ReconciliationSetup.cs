using RpiAgent.Coordinator.Election;
using RpiAgent.Coordinator.Scheduling;

namespace RpiAgent.Coordinator.Reconciliation;

/// <summary>Composition of this feature.</summary>
internal static class ReconciliationSetup
{
    public static IServiceCollection AddReconciliation(this IServiceCollection services, CoordinatorOptions options) => services
        .AddSingleton(RulesOf(options))
        .AddSingleton<ReconcileLoop>()
        .AddSingleton<Admin.IStackPlanner, StackForecast>()
        .AddSingleton(provider => new TermLoop("reconciliation", term => provider.GetRequiredService<ReconcileLoop>().RunAsync(term)));

    private static ReconcileRules RulesOf(CoordinatorOptions options) =>
        PlacementPolicy.TryParseStrategy(options.Strategy, out Strategy strategy)
            ? ReconcileRules.Default with
            {
                Policy = new PlacementPolicy
                {
                    Strategy = strategy,
                    Filters = options.Filters is { Length: > 0 } filters ? PlacementMapping.Filters(filters) : PlacementPolicy.AllFilters,
                    OverCommit = options.OverCommit,
                },
            }
            : throw new ArgumentException($"the strategy '{options.Strategy}' is not spread, binpack or random", nameof(options));
}
