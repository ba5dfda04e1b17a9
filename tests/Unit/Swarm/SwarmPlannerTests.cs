using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Coordinator.Swarm;
using RpiAgent.Tests.Unit.Cluster;
using Xunit;

namespace RpiAgent.Tests.Unit.Swarm;

public class SwarmPlannerTests
{
    private static readonly SwarmPolicy Policy = SwarmPolicy.Default;

    [Fact]
    public void The_first_manager_has_the_most_memory_then_cores_then_time_up_then_a_wire_then_the_lowest_id()
    {
        NodeView big = Fresh(2) with { Description = Fresh(2).Description! with { MemoryBytes = 4L << 30 } };
        Assert.Equal(Pis.Id(2), Only<InitSwarm>(Pis.Of(Fresh(1), big)).Node);

        NodeView cores = Fresh(2) with { Description = Fresh(2).Description! with { Cpus = 8 } };
        Assert.Equal(Pis.Id(2), Only<InitSwarm>(Pis.Of(Fresh(1), cores)).Node);

        NodeView longer = Fresh(2) with { Description = Fresh(2).Description! with { StartedAt = Pis.Now.AddDays(-3) } };
        Assert.Equal(Pis.Id(2), Only<InitSwarm>(Pis.Of(Fresh(1), longer)).Node);

        NodeView wireless = Fresh(1) with { Description = Fresh(1).Description! with { Interface = "wlan0" } };
        Assert.Equal(Pis.Id(2), Only<InitSwarm>(Pis.Of(wireless, Fresh(2))).Node);
        Assert.Equal(Pis.Id(1), Only<InitSwarm>(Pis.Of(Fresh(1), Fresh(2))).Node);
    }

    [Fact]
    public void Nobody_begins_before_it_has_its_own_address()
    {
        NodeView node = Fresh(1) with { Status = Fresh(1).Status! with { Address = "192.168.1.250" } };
        Assert.Empty(Plan(Pis.Of(node)).Steps);
    }

    [Fact]
    public void The_first_waits_for_others_that_are_just_enrolling()
    {
        NodeView node = Fresh(1) with { KnownSince = Pis.Now.AddSeconds(-1) };
        SwarmPlan plan = Plan(Pis.Of(node));
        Assert.Empty(plan.Steps);
        Assert.Equal(Pis.Now.AddSeconds(2), plan.LookAgain);
    }

    [Fact]
    public void A_swarm_that_is_there_is_taken_over_when_its_record_was_lost()
    {
        ClusterSnapshot cluster = Formed(3) with { Swarm = new SwarmRecord() };
        Assert.Equal("k", Only<RecordSwarm>(cluster).Record.ClusterId);
    }

    [Fact]
    public void Of_three_nodes_all_join_as_managers_of_seven_five_are()
    {
        JoinSwarm[] three = [.. Plan(Formed(1, joining: 2)).Steps.Cast<JoinSwarm>()];
        Assert.Equal(2, three.Length);
        Assert.All(three, join => Assert.True(join.AsManager));

        JoinSwarm[] seven = [.. Plan(Formed(1, joining: 6)).Steps.Cast<JoinSwarm>()];
        Assert.Equal(4, seven.Count(join => join.AsManager));
        Assert.Equal(6, seven.Length);
        Assert.All(seven, join => Assert.Equal("192.168.1.101:2377", Assert.Single(join.Managers)));
    }

    [Fact]
    public void A_whole_swarm_leaves_nothing_to_do()
    {
        SwarmPlan plan = Plan(Formed(3));
        Assert.Empty(plan.Steps);
        Assert.Equal("active", plan.Phase.Name);
    }

    [Fact]
    public void A_dead_manager_is_replaced_before_it_is_demoted()
    {
        ClusterSnapshot cluster = Formed(3, workers: 1);
        cluster = Peers(cluster.With(cluster.Nodes[Pis.Id(3)].Dead()), peer => peer.SwarmNodeId == "s3" ? peer with { State = "down", Reachability = "unreachable" } : peer);
        SetSwarmRole promote = Only<SetSwarmRole>(cluster);
        Assert.Equal(("s4", true), (promote.SwarmNodeId, promote.Manager));

        cluster = Peers(cluster, peer => peer.SwarmNodeId == "s4" ? peer with { Manager = true, Reachability = "reachable" } : peer);
        SetSwarmRole demote = Only<SetSwarmRole>(cluster);
        Assert.Equal(("s3", false), (demote.SwarmNodeId, demote.Manager));
    }

    [Fact]
    public void A_dead_entry_of_a_node_that_joined_again_is_removed()
    {
        ClusterSnapshot cluster = Formed(3);
        SwarmPeerView old = new("old", "pi2", "", false, "down", false, "", "active");
        cluster = cluster.With(WithSwarm(cluster.Nodes[Pis.Id(1)], swarm => swarm with { Peers = swarm.Peers.Add(old) }));
        Assert.Equal("old", Only<RemoveSwarmNode>(cluster).SwarmNodeId);

        // Before the node has been heard of, that entry may be its own.
        Assert.Empty(Plan(cluster.With(cluster.Nodes[Pis.Id(2)] with { Status = null, Connected = false })).Steps);
    }

    [Fact]
    public void A_node_of_another_swarm_leaves_it()
    {
        ClusterSnapshot cluster = Formed(3);
        cluster = cluster.With(WithSwarm(cluster.Nodes[Pis.Id(3)], swarm => swarm with { SwarmNodeId = "elsewhere", Manager = false, Peers = [] }));
        LeaveSwarm leave = Assert.Single(Plan(cluster).Steps.OfType<LeaveSwarm>());
        Assert.Equal(Pis.Id(3), leave.Node);
        Assert.True(leave.Patience > TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void A_manager_of_its_owners_own_swarm_that_waits_for_the_others_is_left_alone()
    {
        ClusterSnapshot cluster = Formed(1, workers: 1);
        Assert.Empty(Plan(cluster.With(WithSwarm(cluster.Nodes[Pis.Id(2)], swarm => swarm with { SwarmNodeId = "x", Manager = true, State = "pending" }))).Steps.OfType<LeaveSwarm>());
    }

    /// <summary>As Docker 26.1 shows a worker that was removed while it was off: for ever.</summary>
    [Fact]
    public void A_worker_that_waits_for_a_swarm_it_was_removed_from_leaves_it()
    {
        ClusterSnapshot cluster = Formed(1, workers: 1);
        NodeView waiting = WithSwarm(cluster.Nodes[Pis.Id(2)], swarm => swarm with { State = "pending" });
        Assert.Empty(Plan(cluster.With(waiting)).Steps);

        ClusterSnapshot removed = cluster.With(WithSwarm(waiting, swarm => swarm with { SwarmNodeId = "removed" })) with { Rollout = new RolloutView(Pis.Id(2), true, "", 1) };
        LeaveSwarm leave = Only<LeaveSwarm>(removed);
        Assert.Equal(Pis.Id(2), leave.Node);
        Assert.True(leave.Patience > TimeSpan.FromSeconds(5));

        // One that the list has, but as gone: its managers may have other addresses by now, and it may still find them.
        ClusterSnapshot lost = Peers(cluster.With(waiting), peer => peer.SwarmNodeId == "s2" ? peer with { State = "down" } : peer);
        Assert.True(Only<LeaveSwarm>(lost).Patience > leave.Patience);

        // While the engine joins it has no id yet.
        Assert.Empty(Plan(cluster.With(WithSwarm(waiting, swarm => swarm with { SwarmNodeId = "" }))).Steps);
    }

    [Fact]
    public void The_manager_of_its_owners_own_swarm_is_left_alone_and_told_one_of_a_former_swarm_leaves()
    {
        ClusterSnapshot cluster = Formed(3);
        NodeView own = WithSwarm(cluster.Nodes[Pis.Id(3)], swarm => swarm with { SwarmNodeId = "x", ClusterId = "theirs", Manager = true, Peers = [] });

        SwarmPlan plan = Plan(cluster.With(own));
        Assert.Empty(plan.Steps.OfType<LeaveSwarm>());
        Assert.Contains("theirs", plan.Phase.Reason, StringComparison.Ordinal);

        SwarmRecord after = new SwarmRecord { ClusterId = "theirs" }.Next("k", Pis.Id(1));
        Assert.Equal(Pis.Id(3), Assert.Single(Plan(cluster.With(own) with { Swarm = after }).Steps.OfType<LeaveSwarm>()).Node);
    }

    [Fact]
    public void A_lost_quorum_is_waited_out_and_only_dead_managers_make_it_lost_for_good()
    {
        ClusterSnapshot cluster = Formed(3);
        cluster = cluster.With([.. cluster.Nodes.Values.Select(node =>
            WithSwarm(node, swarm => swarm with { Peers = [], Leader = false, Error = "The swarm does not have a leader" }))]);
        NodeView two = cluster.Nodes[Pis.Id(2)], three = cluster.Nodes[Pis.Id(3)];
        SwarmPlan soon = Plan(cluster.With(two.Dead(), three.Dead()));
        Assert.Empty(soon.Steps);
        Assert.Equal(("lost", Pis.Now), (soon.Phase.Name, soon.Phase.Since));

        ClusterSnapshot later = cluster with { SwarmPhase = soon.Phase with { Since = Pis.Now - Policy.RebuildAfter } };
        Assert.Empty(Plan(later.With(two.Dead(), three.Silent())).Steps);
        InitSwarm rebuild = Only<InitSwarm>(later.With(two.Dead(), three.Dead()));
        Assert.Equal((Pis.Id(1), true), (rebuild.Node, rebuild.ForceNewCluster));
    }

    [Fact]
    public void Workers_alone_form_a_new_swarm_when_all_managers_are_gone_for_good()
    {
        ClusterSnapshot cluster = Formed(1, workers: 1);
        cluster = cluster.With(cluster.Nodes[Pis.Id(1)].Dead()) with { SwarmPhase = new SwarmPhase("lost", "") { Since = Pis.Now - Policy.RebuildAfter } };
        Assert.Equal("", Only<RecordSwarm>(cluster).Record.ClusterId);
        Assert.Equal(Pis.Id(2), Only<LeaveSwarm>(cluster with { Swarm = new SwarmRecord() }).Node);
    }

    /// <summary>Its agent has just restarted: the manager, or another one, may be what it says in a moment.</summary>
    [Fact]
    public void Nothing_is_built_anew_while_a_ready_node_has_not_told_its_part()
    {
        ClusterSnapshot cluster = Formed(1, workers: 1);
        cluster = cluster.With(WithSwarm(cluster.Nodes[Pis.Id(1)], _ => new SwarmView { State = "unknown" })) with { SwarmPhase = new SwarmPhase("lost", "") { Since = Pis.Now - Policy.RebuildAfter } };
        Assert.Empty(Plan(cluster).Steps);
        Assert.NotEmpty(Plan(cluster.With(cluster.Nodes[Pis.Id(1)].Dead())).Steps);
    }

    /// <summary>It waits for managers that are no more.</summary>
    [Fact]
    public void A_worker_that_waits_for_a_swarm_that_is_no_more_leaves_it()
    {
        ClusterSnapshot cluster = Formed(1, workers: 1);
        cluster = cluster.With(cluster.Nodes[Pis.Id(1)].Dead(), WithSwarm(cluster.Nodes[Pis.Id(2)], swarm => swarm with { State = "pending" })) with { Swarm = new SwarmRecord() };
        Assert.Equal(Pis.Id(2), Only<LeaveSwarm>(cluster).Node);
    }

    [Fact]
    public void Managers_of_before_a_rebuild_leave_though_they_have_a_leader_of_their_own()
    {
        // pi1 was rebuilt alone; pi2 and pi3 return and lead the old swarm under the same cluster id.
        ClusterSnapshot cluster = Formed(3);
        ImmutableArray<SwarmPeerView> old = [.. cluster.Nodes[Pis.Id(1)].Status!.Swarm.Peers.Select(peer => peer with { Leader = peer.SwarmNodeId == "s2" })];
        cluster = Peers(cluster, peer => peer.SwarmNodeId == "s1" ? peer : peer with { Manager = false, State = "down", Reachability = "" });
        cluster = cluster.With(
            WithSwarm(cluster.Nodes[Pis.Id(2)], swarm => swarm with { Peers = old, Leader = true }),
            WithSwarm(cluster.Nodes[Pis.Id(3)], swarm => swarm with { Peers = old }));
        Assert.Equal([Pis.Id(2), Pis.Id(3)], Plan(cluster).Steps.OfType<LeaveSwarm>().Select(step => step.Node));
    }

    [Fact]
    public void Networks_of_stacks_are_made_and_go_when_nothing_uses_them()
    {
        WorkloadSpec web = Pis.Workload("wp", "web");
        StackSpec stack = Pis.Stack("wp", web with { Container = web.Container with { Networks = [new NetworkUse("wp_default", [])] } }) with
        {
            Networks = [new StackNetwork("wp_default", false, false, false), new StackNetwork("shared", true, false, false)],
        };
        ClusterSnapshot cluster = Formed(3).With(stack);
        Assert.Equal("wp_default", Only<CreateNetwork>(cluster).Name);

        ClusterSnapshot made = cluster.With(cluster.Nodes[Pis.Id(1)].Networks("wp_default"));
        Assert.Empty(Plan(made).Steps);

        ClusterSnapshot gone = made with { Stacks = made.Stacks.Clear() };
        Assert.Equal("wp_default", Only<RemoveNetwork>(gone).Name);
        Assert.Empty(Plan(gone.With(gone.Nodes[Pis.Id(2)].Runs(Pis.Container("wp.web", 1)))).Steps);
    }

    [Fact]
    public void A_manager_that_gets_another_address_is_demoted_and_another_takes_its_place_before()
    {
        ClusterSnapshot cluster = Formed(1, workers: 1) with { Rollout = new RolloutView(Pis.Id(1), true, "", 1) };
        SetSwarmRole promote = Only<SetSwarmRole>(cluster);
        Assert.Equal(("s2", true), (promote.SwarmNodeId, promote.Manager));

        ClusterSnapshot three = Formed(3) with { Rollout = new RolloutView(Pis.Id(1), true, "", 1) };
        SetSwarmRole demote = Only<SetSwarmRole>(three);
        Assert.Equal((Pis.Id(2), "s1", false), (demote.Node, demote.SwarmNodeId, demote.Manager));
        Assert.Empty(Plan(Formed(1) with { Rollout = new RolloutView(Pis.Id(1), true, "", 1) }).Steps);
    }

    [Fact]
    public void A_worker_that_has_another_address_leaves_and_comes_back()
    {
        ClusterSnapshot cluster = Formed(1, workers: 1);
        cluster = cluster.With(WithSwarm(cluster.Nodes[Pis.Id(2)], swarm => swarm with { Address = "192.168.1.250" }));
        Assert.Contains("192.168.1.102 now", Only<LeaveSwarm>(cluster).Why, StringComparison.Ordinal);
    }

    private static SwarmPlan Plan(ClusterSnapshot cluster) => SwarmPlanner.Plan(cluster, Policy, Pis.Now);

    private static T Only<T>(ClusterSnapshot cluster)
        where T : SwarmStep => Assert.IsType<T>(Assert.Single(Plan(cluster).Steps));

    private static NodeView Fresh(int number) => Pis.Node(number, new SwarmView());

    /// <summary>Managers first (pi1 leads), then workers, then nodes in no swarm.</summary>
    private static ClusterSnapshot Formed(int managers, int workers = 0, int joining = 0)
    {
        ImmutableArray<SwarmPeerView> peers =
        [
            .. Enumerable.Range(1, managers + workers).Select(i => new SwarmPeerView(
                $"s{i}", $"pi{i}", $"192.168.1.{100 + i}:2377", i <= managers, "ready", i == 1, i <= managers ? "reachable" : "", "active")),
        ];
        return Pis.Of(
        [
            .. Enumerable.Range(1, managers).Select(i => Pis.Node(i, new SwarmView { State = "active", SwarmNodeId = $"s{i}", ClusterId = "k", Manager = true, Leader = i == 1, Peers = peers })),
            .. Enumerable.Range(managers + 1, workers).Select(i => Pis.Node(i, new SwarmView { State = "active", SwarmNodeId = $"s{i}" })),
            .. Enumerable.Range(managers + workers + 1, joining).Select(Fresh),
        ]) with { Swarm = new SwarmRecord { ClusterId = "k", FirstManager = Pis.Id(1) } };
    }

    private static NodeView WithSwarm(NodeView node, Func<SwarmView, SwarmView> change) => node with { Status = node.Status! with { Swarm = change(node.Status.Swarm) } };

    /// <summary>Changes the list that every manager tells.</summary>
    private static ClusterSnapshot Peers(ClusterSnapshot cluster, Func<SwarmPeerView, SwarmPeerView> change) =>
        cluster.With([.. cluster.Nodes.Values.Select(node => WithSwarm(node, swarm => swarm with { Peers = [.. swarm.Peers.Select(change)] }))]);
}
