using System.Collections.Immutable;
using RpiAgent.Coordinator.Admin;
using RpiAgent.Coordinator.Model;
using RpiAgent.Identity;

namespace RpiAgent.Coordinator.Reconciliation;

/// <summary>A reconciliation of a cluster that has the stack, without writing anything.</summary>
internal sealed class StackForecast(ReconcileRules rules, SteadyTime time) : IStackPlanner
{
    public ImmutableArray<PlannedStep> Plan(ClusterSnapshot cluster, StackSpec wanted)
    {
        ClusterSnapshot with = cluster with { Stacks = cluster.Stacks.SetItem(wanted.Name, wanted) };
        ChangeSet change = Reconciler.Reconcile(with, rules with { Forecast = true }, time.GetUtcNow());
        string prefix = wanted.Name + ".";
        return
        [
            .. change.Decisions
                .Where(decision => decision.Id.Workload.Value.StartsWith(prefix, StringComparison.Ordinal))
                .Select(decision => new PlannedStep(
                    decision.Id, decision.Node, decision.Action.ToString().ToLowerInvariant(), decision.Explanation, decision.Reasons, decision.Scores)),
        ];
    }
}
