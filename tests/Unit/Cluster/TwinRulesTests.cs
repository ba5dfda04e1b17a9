using RpiAgent.Coordinator.Admin;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Model;
using Xunit;

namespace RpiAgent.Tests.Unit.Cluster;

public class TwinRulesTests
{
    private const string A = "192.168.1.101", B = "192.168.1.77";

    [Fact]
    public void An_agent_that_restarts_and_changes_its_address_is_one_board()
    {
        NodeView node = Heard(("a", A), ("a", A), ("b", A), ("b", B), ("c", B), ("c", A), ("d", A), ("e", A), ("f", A));
        Assert.Null(node.Conflict);
        Assert.True(node.Ready);
        Assert.Equal(["c", "d", "e", "f"], node.Sightings.Select(sighting => sighting.Instance));
    }

    [Theory]
    [InlineData(B, "192.168.1.77")]
    [InlineData(A, "the same address")]
    public void An_instance_that_is_heard_after_its_successor_is_another_board(string other, string told)
    {
        NodeView node = Heard(("a", A), ("b", other));
        Assert.Null(node.Conflict);
        node = TwinRules.Hear(node, "a", A, Pis.Now);
        Assert.Equal(new IdentityConflict(A, other, Pis.Now), node.Conflict);
        Assert.False(node.Ready);
        (string state, string reason) = NodeViews.State(node, Pis.Now);
        Assert.Equal("conflict", state);
        Assert.StartsWith($"E_IDENTITY_CONFLICT: two boards show this node's identity, at {A} and {told};", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_twin_that_restarts_its_agent_again_and_again_is_found_by_the_other_coming_back() =>
        Assert.NotNull(Heard(("a", A), ("b", B), ("c", B), ("d", B), ("a", A)).Conflict);

    [Fact]
    public void An_agent_too_old_to_say_which_it_is_is_passed_over() => Assert.Empty(Heard(("", A), ("", B), ("", A)).Sightings);

    [Fact]
    public void A_conflict_lasts_until_one_board_alone_was_heard_for_a_while_and_is_back_at_once()
    {
        NodeView node = Heard(("a", A), ("b", B), ("a", A), ("b", B));
        DateTimeOffset over = Pis.Now + TwinRules.Quiet;

        // To be heard on does not end it, nor put it off.
        node = TwinRules.Hear(node, "b", B, over.AddSeconds(-1));
        (var nodes, DateTimeOffset? again) = TwinRules.Settle(Pis.Of(node, Pis.Node(2)).Nodes, over.AddSeconds(-1));
        Assert.NotNull(nodes[node.Id].Conflict);
        Assert.Equal(over, again);

        (nodes, again) = TwinRules.Settle(nodes, over);
        Assert.True(nodes[node.Id].Ready);
        Assert.Null(again);
        Assert.NotNull(TwinRules.Hear(nodes[node.Id], "a", A, over).Conflict);
    }

    private static NodeView Heard(params (string Instance, string Address)[] agents) =>
        agents.Aggregate(Pis.Node(1), (node, agent) => TwinRules.Hear(node, agent.Instance, agent.Address, Pis.Now));
}
