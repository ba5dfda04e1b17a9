using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Coordinator.Rollout;
using RpiAgent.Protos;
using RpiAgent.Tests.Unit.Cluster;
using Xunit;

namespace RpiAgent.Tests.Unit.Rollout;

public class RolloutPlannerTests
{
    private static readonly RolloutTimings Timings = RolloutTimings.Default;

    [Fact]
    public void Nothing_is_to_be_done_when_every_node_is_as_wanted()
    {
        RolloutPlan plan = Plan(Pis.Of(Has(1, "a"), Has(2, "a")), Want("a", 1, 2));
        Assert.Equal((null, false, RolloutView.Idle), (plan.Turn, plan.Send, plan.View));
    }

    [Fact]
    public void One_node_is_changed_at_a_time_and_the_next_only_when_it_is_back_as_wanted()
    {
        ImmutableSortedDictionary<NodeId, WantedConfig> wanted = Want("b", 1, 2);
        RolloutPlan first = Plan(Pis.Of(Has(1, "a"), Has(2, "a")), wanted);
        Assert.Equal((Pis.Id(1), true), (first.Turn!.Node, first.Send));

        RolloutTurn sent = first.Turn with { SentAt = Pis.Now };
        RolloutPlan waiting = Plan(Pis.Of(Has(1, "b", "applying"), Has(2, "a")), wanted, sent);
        Assert.Equal((Pis.Id(1), false), (waiting.Turn!.Node, waiting.Send));
        Assert.Equal(Pis.Now + Timings.Return, waiting.LookAgain);

        RolloutPlan next = Plan(Pis.Of(Has(1, "b"), Has(2, "a")), wanted, sent);
        Assert.Equal((Pis.Id(2), true), (next.Turn!.Node, next.Send));
    }

    /// <summary>It says that the change is done a moment before its engine is known to be back, and that may never happen.</summary>
    [Fact]
    public void The_next_node_waits_until_the_engine_of_the_one_before_is_back_and_never_gets_what_took_it_away()
    {
        ImmutableSortedDictionary<NodeId, WantedConfig> wanted = Want("b", 1, 2);
        RolloutTurn sent = new(Pis.Id(1), "b", Pis.Now, Pis.Now);
        NodeView applied = Has(1, "b");
        ClusterSnapshot cluster = Pis.Of(applied with { Status = applied.Status! with { EngineUp = false } }, Has(2, "a"));
        Assert.Equal((Pis.Id(1), false, ""), (Plan(cluster, wanted, sent).Turn!.Node, Plan(cluster, wanted, sent).Send, Plan(cluster, wanted, sent).View.Halted));
        Assert.Contains("pi1: it is not back", RolloutPlanner.Plan(cluster, wanted, sent, Timings, Pis.Now + Timings.Return).View.Halted, StringComparison.Ordinal);

        // Out of its turn a Pi without an engine holds up nobody.
        Assert.Equal((Pis.Id(2), true), (Plan(cluster, wanted).Turn!.Node, Plan(cluster, wanted).Send));
    }

    [Fact]
    public void A_node_of_which_something_else_is_wanted_in_its_turn_is_told_that_before_others_have_theirs()
    {
        ImmutableSortedDictionary<NodeId, WantedConfig> wanted = Want("c", 2).AddRange(Want("b", 1));
        RolloutPlan plan = Plan(Pis.Of(Has(1, "a"), Has(2, "b")), wanted, new RolloutTurn(Pis.Id(2), "b", Pis.Now, Pis.Now));
        Assert.Equal((Pis.Id(2), "c", true), (plan.Turn!.Node, plan.Turn.Revision, plan.Send));
    }

    [Fact]
    public void Nobody_is_changed_after_the_first_that_was_rolled_back_until_something_else_is_wanted()
    {
        ClusterSnapshot cluster = Pis.Of(Has(1, "b", "rolled-back", "nobody answered"), Has(2, "a"));
        RolloutPlan halted = Plan(cluster, Want("b", 1, 2), new RolloutTurn(Pis.Id(1), "b", Pis.Now, Pis.Now));
        Assert.False(halted.Send);
        Assert.Equal("pi1: rolled-back: nobody answered", halted.View.Halted);

        // Also for a leader that has just begun.
        Assert.Equal(halted.View, Plan(cluster, Want("b", 1, 2)).View);
        Assert.Equal((Pis.Id(1), true), (Plan(cluster, Want("c", 1, 2)).Turn!.Node, Plan(cluster, Want("c", 1, 2)).Send));
    }

    [Fact]
    public void A_node_that_does_not_come_back_halts_the_rest_and_so_does_one_that_refuses()
    {
        RolloutTurn turn = new(Pis.Id(1), "b", Pis.Now - Timings.Return, Pis.Now - Timings.Return);
        RolloutPlan plan = Plan(Pis.Of(Has(1, "a").Silent(), Has(2, "a")), Want("b", 1, 2), turn);
        Assert.False(plan.Send);
        Assert.Contains("pi1: it is not back", plan.View.Halted, StringComparison.Ordinal);
        Assert.Same(turn, plan.Turn);

        RolloutPlan refused = Plan(Pis.Of(Has(1, "a"), Has(2, "a")), Want("b", 1, 2), turn with { SentAt = null, Failure = "refused: E_BAD_GATEWAY" });
        Assert.Equal("pi1: refused: E_BAD_GATEWAY", refused.View.Halted);
    }

    [Fact]
    public void Nodes_that_bring_themselves_in_order_come_first_and_nodes_that_are_away_later()
    {
        Assert.Null(Plan(Pis.Of(Has(1, "a"), Has(2, "x", "applying")), Want("b", 1, 2)).Turn);
        Assert.Null(Plan(Pis.Of(Has(1, "x", "applying").Silent(), Has(2, "a")), Want("b", 1, 2)).Turn);
        Assert.Equal(Pis.Id(2), Plan(Pis.Of(Has(1, "x", "applying").Dead(), Has(2, "a")), Want("b", 1, 2)).Turn!.Node);
        Assert.Equal(Pis.Id(2), Plan(Pis.Of(Has(1, "a").Dead(), Has(2, "a")), Want("b", 1, 2)).Turn!.Node);
    }

    [Fact]
    public void A_new_leader_waits_for_the_node_that_was_told_by_the_one_before_and_does_not_change_another_meanwhile()
    {
        RolloutTurn? left = RolloutTurn.Of(RolloutTurn.RecordOf(new RolloutTurn(Pis.Id(1), "b", Pis.Now.AddDays(-1), Pis.Now.AddDays(-1))), Pis.Now);
        ClusterSnapshot cluster = Pis.Of(Has(1, "a").Dead() with { Status = null }, Has(2, "a"));
        RolloutPlan plan = Plan(cluster, Want("b", 1, 2), left);
        Assert.Equal((Pis.Id(1), false), (plan.Turn!.Node, plan.Send));
        RolloutPlan late = RolloutPlanner.Plan(cluster, Want("b", 1, 2), plan.Turn, Timings, Pis.Now + Timings.Return);
        Assert.Contains("pi1: it is not back", late.View.Halted, StringComparison.Ordinal);

        // Somebody may have been told what did not reach it.
        ClusterSnapshot there = Pis.Of(Has(1, "a"), Has(2, "a"));
        Assert.Equal((false, Pis.Now + Timings.SendAgain), (Plan(there, Want("b", 1, 2), left).Send, Plan(there, Want("b", 1, 2), left).LookAgain));
        RolloutPlan again = RolloutPlanner.Plan(there, Want("b", 1, 2), left, Timings, Pis.Now + Timings.SendAgain);
        Assert.Equal((Pis.Id(1), true), (again.Turn!.Node, again.Send));
    }

    [Fact]
    public void A_failure_is_remembered_while_the_node_is_off_and_by_the_next_leader()
    {
        RolloutPlan halted = Plan(Pis.Of(Has(1, "b", "rolled-back", "nobody answered"), Has(2, "a")), Want("b", 1, 2));
        RolloutTurn? left = RolloutTurn.Of(RolloutTurn.RecordOf(halted.Turn), Pis.Now);
        ClusterSnapshot off = Pis.Of(Has(1, "b").Dead() with { Status = null }, Has(2, "a"));
        Assert.Equal(("pi1: rolled-back: nobody answered", false), (Plan(off, Want("b", 1, 2), left).View.Halted, Plan(off, Want("b", 1, 2), left).Send));
        Assert.Equal(Pis.Id(2), Plan(off, Want("c", 1, 2), left).Turn!.Node);
    }

    [Fact]
    public void Nobody_is_waited_for_without_end()
    {
        // Its turn came, but it went away before it was told.
        Assert.Equal(Pis.Id(2), Plan(Pis.Of(Has(1, "a").Dead(), Has(2, "a")), Want("b", 1, 2), new RolloutTurn(Pis.Id(1), "b", Pis.Now)).Turn!.Node);

        // In the catalog, but not to be reached.
        NodeView mute = Pis.Node(1) with { Status = null, Connected = false, KnownSince = Pis.Now };
        Assert.Equal(Pis.Now + Timings.Introduction, Plan(Pis.Of(mute, Has(2, "a")), Want("b", 1, 2)).LookAgain);
        Assert.Equal(Pis.Id(2), Plan(Pis.Of(mute with { KnownSince = Pis.Now - Timings.Introduction }, Has(2, "a")), Want("b", 1, 2)).Turn!.Node);
    }

    [Fact]
    public void A_manager_whose_address_changes_is_a_worker_first()
    {
        NodeView manager = Manager(Has(1, "a"));
        ImmutableSortedDictionary<NodeId, WantedConfig> wanted = Want("b", 1).SetItem(Pis.Id(1), new WantedConfig("b", "192.168.1.140"));
        RolloutPlan plan = Plan(Pis.Of(manager), wanted);
        Assert.Equal((false, new RolloutView(Pis.Id(1), true, "", 1)), (plan.Send, plan.View));

        RolloutPlan late = RolloutPlanner.Plan(Pis.Of(manager), wanted, plan.Turn, Timings, Pis.Now + Timings.Demotion);
        Assert.Contains("E_SWARM_MANAGER: pi1", late.View.Halted, StringComparison.Ordinal);

        Assert.True(Plan(Pis.Of(Has(1, "a")), wanted, plan.Turn).Send);
        Assert.True(Plan(Pis.Of(manager), Want("b", 1)).Send); // same address: it may go on managing
    }

    [Fact]
    public void A_node_is_back_only_when_the_swarm_knows_its_new_address()
    {
        ImmutableSortedDictionary<NodeId, WantedConfig> wanted = Want("b", 1, 2);
        NodeView moved = Has(1, "b");
        moved = moved with { Status = moved.Status! with { Swarm = moved.Status.Swarm with { Address = "192.168.1.250" } } };
        ClusterSnapshot cluster = Pis.Of(moved, Has(2, "a")) with { Swarm = new SwarmRecord { ClusterId = "k" } };
        RolloutTurn turn = new(Pis.Id(1), "b", Pis.Now, Pis.Now);
        Assert.Equal(Pis.Id(1), Plan(cluster, wanted, turn).Turn!.Node);
        NodeView back = moved with { Status = moved.Status! with { Swarm = moved.Status.Swarm with { Address = "192.168.1.101" } } };
        Assert.Equal(Pis.Id(2), Plan(cluster.With(back), wanted, turn).Turn!.Node);
    }

    private static RolloutPlan Plan(ClusterSnapshot cluster, ImmutableSortedDictionary<NodeId, WantedConfig> wanted, RolloutTurn? turn = null) =>
        RolloutPlanner.Plan(cluster, wanted, turn, Timings, Pis.Now);

    private static ImmutableSortedDictionary<NodeId, WantedConfig> Want(string revision, params int[] nodes) =>
        nodes.ToImmutableSortedDictionary(Pis.Id, node => new WantedConfig(revision, $"192.168.1.{100 + node}"));

    private static NodeView Has(int number, string revision, string state = "applied", string detail = "")
    {
        NodeView node = Pis.Node(number);
        return node with { Status = node.Status! with { Config = new ConfigView(revision, state, detail) } };
    }

    private static NodeView Manager(NodeView node) => node with { Status = node.Status! with { Swarm = node.Status.Swarm with { Manager = true } } };
}
