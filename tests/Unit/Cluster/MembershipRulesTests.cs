using System.Collections.Immutable;
using RpiAgent.Consul;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;
using Xunit;

namespace RpiAgent.Tests.Unit.Cluster;

public class MembershipRulesTests
{
    private static readonly MembershipTimings Timings = new(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(3));

    [Fact]
    public void Who_neither_answers_nor_reports_is_down()
    {
        NodeView node = Pis.Node(1) with { Connected = false, Registered = false, LastSeen = Pis.Now.AddSeconds(-3) };
        Assert.True(Judge(node, leading: TimeSpan.FromMinutes(5), out _).Down);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Who_answers_or_reports_is_not_down(bool connected, bool registered)
    {
        NodeView node = Pis.Node(1) with { Connected = connected, Registered = registered, Down = true, LastSeen = DateTimeOffset.MinValue };
        Assert.False(Judge(node, leading: TimeSpan.FromMinutes(5), out _).Down);
    }

    [Fact]
    public void A_fresh_leader_calls_nobody_down_and_looks_again_when_the_grace_is_over()
    {
        NodeView node = Pis.Node(1) with { Connected = false, Registered = false, LastSeen = DateTimeOffset.MinValue };
        Assert.False(Judge(node, leading: TimeSpan.FromSeconds(5), out DateTimeOffset? again).Down);
        Assert.Equal(Pis.Now.AddSeconds(15), again);
        Assert.True(Judge(node, leading: TimeSpan.FromSeconds(20), out again).Down);
        Assert.Null(again);
    }

    [Fact]
    public void A_node_is_dialled_where_the_catalog_says_else_at_its_allotted_address()
    {
        NodeRecord record = Pis.Node(1).Record;
        ServiceInstance service = new("rpi-agent-n01", "rpi-agent", "10.0.0.9", 7000, ImmutableSortedDictionary<string, string>.Empty, [], CheckStatus.Critical, "");
        var known = ImmutableSortedDictionary<NodeId, NodeView>.Empty;

        NodeView fromCatalog = NodeMerge.Merge(known, [record], [CatalogEntry.From(service)!], Pis.Now)[record.Id];
        NodeView fromRecord = NodeMerge.Merge(known, [record], [], Pis.Now)[record.Id];

        Assert.Equal(("10.0.0.9:7000", false), (fromCatalog.Endpoint, fromCatalog.Registered));
        Assert.Equal("192.168.1.101:7443", fromRecord.Endpoint);
        Assert.Empty(NodeMerge.Merge(known, [], [CatalogEntry.From(service)!], Pis.Now));
    }

    private static NodeView Judge(NodeView node, TimeSpan leading, out DateTimeOffset? again)
    {
        (ImmutableSortedDictionary<NodeId, NodeView> nodes, again) = MembershipRules.Judge(Pis.Of(node).Nodes, Pis.Now - leading, Timings, Pis.Now);
        return nodes[node.Id];
    }
}
