using System.Collections.Immutable;
using Microsoft.Extensions.Time.Testing;
using RpiAgent.Coordinator.Admin;
using RpiAgent.Coordinator.Model;
using RpiAgent.Identity;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;
using Xunit;

namespace RpiAgent.Tests.Unit.Admin;

public class ViewTests
{
    private static readonly WorkloadSpec Web = Made.Workload("blog", "web", replicas: 2);
    private static readonly WorkloadSpec Db = Made.Workload("blog", "db");

    [Fact]
    public void A_node_is_ready_only_when_it_is_connected_and_its_engine_answers()
    {
        Assert.Equal(("ready", ""), NodeViews.State(Made.Node("pi1"), Made.Now));
        Assert.Equal(("down", "no sign of it for 3 s"), NodeViews.State(Made.Node("pi1", down: true), Made.Now));
        Assert.Equal(("unreachable", "no contact for 3 s"), NodeViews.State(Made.Node("pi1", connected: false), Made.Now));
        Assert.Equal(("unreachable", "its Docker engine does not answer: no socket"),
            NodeViews.State(Made.Node("pi1", status: new NodeStatusView { EngineError = "no socket" }), Made.Now));
        Assert.Equal("joining", NodeViews.State(Made.Node("pi1", connected: false) with { LastSeen = default }, Made.Now).State);
        NodeView drained = Made.Node("pi1");
        Assert.Equal("drained", NodeViews.State(drained with { Record = drained.Record with { Drained = true } }, Made.Now).State);
    }

    [Fact]
    public void A_node_shows_its_plain_address_its_swarm_role_and_what_it_holds()
    {
        NodeView node = Made.Node("pi1", status: new NodeStatusView
        {
            EngineUp = true,
            Held = new Protos.AssignmentVersion(7, 2),
            Swarm = new SwarmView { State = "active", Manager = true, Leader = true },
        });
        NodeInfo info = NodeViews.Of(node, Made.Cluster([node], [], ("pi1", Made.Assigned(Db))), new SteadyTime(new FakeTimeProvider(Made.Now)));
        Assert.Equal(("192.168.1.101", "leader", 1u, 3ul, 2ul), (info.Address, info.SwarmRole, info.Replicas, info.Assigned.Generation, info.Held.Generation));
    }

    [Fact]
    public void A_node_with_DHCP_has_the_address_where_it_answers_and_not_one_that_it_claims()
    {
        NodeView node = Made.Node("pi1", status: new NodeStatusView { EngineUp = true, Address = "192.168.1.1" });
        node = node with { Record = node.Record with { Address = null } };
        Assert.Equal("", NodeViews.Address(node));
        Assert.Equal("192.168.1.57", NodeViews.Address(node with { Reached = "192.168.1.57" }));
        NodeView elsewhere = Made.Node("pi1", status: new NodeStatusView { Config = new ConfigView("r", "rolled-back", "") }) with { Reached = "192.168.1.58" };
        Assert.Equal("192.168.1.58", NodeViews.Address(elsewhere));
    }

    [Fact]
    public void A_running_replica_is_shown_with_its_node_and_its_published_ports()
    {
        NodeView node = Made.Node("pi2", status: new NodeStatusView { EngineUp = true, Containers = [Made.Running(Db)] });
        ReplicaInfo replica = Assert.Single(ReplicaViews.Of(Made.Cluster([node], [Made.Stack("blog", Db)], ("pi2", Made.Assigned(Db))), "blog", Made.Now));
        Assert.Equal(("pi2", "192.168.1.102", "running", "healthy", "fewest containers"), (replica.Node, replica.Address, replica.State, replica.Health, replica.Explanation));
        Assert.Equal(["192.168.1.102:80->8080/tcp"], replica.Ports);
    }

    [Fact]
    public void A_replica_that_cannot_be_placed_is_pending_with_the_reason_of_each_node()
    {
        ReplicaId second = new(Web.Id, 2);
        ClusterSnapshot cluster = Made.Cluster([Made.Node("pi1")], [Made.Stack("blog", Web)], ("pi1", Made.Assigned(Web))) with
        {
            Pending = ImmutableSortedDictionary<ReplicaId, PendingReplica>.Empty.Add(second,
                new PendingReplica(second, "blog", "caddy:2", "no node fits", ImmutableSortedDictionary<string, string>.Empty.Add("pi1", "port 80 is taken"))),
        };
        ImmutableArray<ReplicaInfo> replicas = ReplicaViews.Of(cluster, "blog", Made.Now);
        Assert.Equal(["waiting", "pending"], replicas.Select(replica => replica.State));
        Assert.Equal(("no node fits", "port 80 is taken"), (replicas[1].Message, replicas[1].Reasons["pi1"]));
    }

    [Fact]
    public void Nothing_is_claimed_of_replicas_on_a_node_that_does_not_answer()
    {
        NodeView lost = Made.Node("pi2", connected: false, status: new NodeStatusView { EngineUp = true, Containers = [Made.Running(Db)] });
        ReplicaInfo replica = Assert.Single(ReplicaViews.Of(Made.Cluster([lost], [Made.Stack("blog", Db)], ("pi2", Made.Assigned(Db))), null, Made.Now));
        Assert.Equal(("unknown", "pi2 is unreachable: no contact for 3 s"), (replica.State, replica.Message));
    }

    [Fact]
    public void A_replica_of_a_removed_stack_is_shown_until_it_is_gone()
    {
        NodeView node = Made.Node("pi2", status: new NodeStatusView { EngineUp = true, Containers = [Made.Running(Db, state: "removing")] });
        ReplicaInfo replica = Assert.Single(ReplicaViews.Of(Made.Cluster([node], [], ("pi2", Made.Assigned(Db))), "blog", Made.Now));
        Assert.Equal(("blog", "db", "removing"), (replica.Stack, replica.Service, replica.State));
    }

    [Fact]
    public void A_global_service_has_as_many_replicas_as_nodes_took_it()
    {
        WorkloadSpec everywhere = Made.Workload("mon", "probe") with { Global = true };
        ClusterSnapshot cluster = Made.Cluster([Made.Node("pi1"), Made.Node("pi2")], [Made.Stack("mon", everywhere)],
            ("pi1", Made.Assigned(everywhere)), ("pi2", Made.Assigned(everywhere, 2)));
        Assert.Equal(2u, Assert.Single(ClusterViews.Stacks(cluster, Made.Now).Stacks).ReplicasWanted);
    }

    [Fact]
    public void Images_are_listed_once_with_all_tags_and_nodes()
    {
        NodeStatusView With(params string[] tags) => new() { EngineUp = true, Images = [new ImageView("sha256:1", [.. tags], 10, "linux/arm64")] };
        ClusterSnapshot cluster = Made.Cluster([Made.Node("pi1", status: With("a:1")), Made.Node("pi2", status: With("a:1", "b:2"))], []);
        ClusterImage image = Assert.Single(ClusterViews.Images(cluster).Images);
        Assert.Equal(["a:1", "b:2"], image.Image.Tags);
        Assert.Equal(["pi1", "pi2"], image.Nodes);
    }

    [Fact]
    public void A_node_is_found_by_name_id_or_a_unique_beginning_of_its_id()
    {
        ClusterSnapshot cluster = Made.Cluster([Made.Node("pi1", id: "aaaa-1"), Made.Node("pi2", id: "aaab-2")], []);
        Assert.Equal("pi1", NodeLookup.Find(cluster, "pi1").Name);
        Assert.Equal("pi2", NodeLookup.Find(cluster, "aaab").Name);
        AdminRefusal unknown = Assert.Throws<AdminRefusal>(() => NodeLookup.Find(cluster, "aaa"));
        Assert.Equal((RefusalKind.Unknown, "there is no node 'aaa'; the nodes are pi1, pi2"), (unknown.Kind, unknown.Message));
    }

    [Theory]
    [InlineData("pi2", "pi10")]
    [InlineData("pi", "pi1")]
    [InlineData("a9b10", "a10b1")]
    [InlineData("pi01", "pi1")]
    public void Numbers_in_names_sort_as_numbers(string first, string second) => Assert.True(NaturalOrder.Instance.Compare(first, second) < 0);

    [Theory]
    [InlineData("node", "x")]
    [InlineData("zone", "")]
    [InlineData("zone", "~a")]
    [InlineData("zo ne", "a")]
    [InlineData("zone", "a@b")]
    public void A_label_that_no_expression_could_ask_for_is_refused(string key, string value) =>
        Assert.Throws<AdminRefusal>(() => NodeLabels.Change(Made.Node("pi1").Record, [new(key, value)], []));

    [Fact]
    public void Labels_are_set_replaced_and_removed()
    {
        NodeRecord record = NodeLabels.Change(Made.Node("pi1").Record, [new("zone", "a"), new("disk", "ssd")], []);
        record = NodeLabels.Change(record, [new("zone", "b")], ["disk", "gone"]);
        Assert.Equal("b", Assert.Single(record.Labels).Value);
    }
}
