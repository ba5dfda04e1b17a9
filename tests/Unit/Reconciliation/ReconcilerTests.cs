using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Coordinator.Reconciliation;
using RpiAgent.Protos;
using RpiAgent.Tests.Unit.Cluster;
using Xunit;

namespace RpiAgent.Tests.Unit.Reconciliation;

public class ReconcilerTests
{
    private static readonly ReconcileRules Rules = ReconcileRules.Default;

    [Fact]
    public void Replicas_are_spread_and_stay_where_they_are()
    {
        ClusterSnapshot cluster = Three().With(Pis.Stack("s", Pis.Workload("s", "web", replicas: 3)));
        ClusterSnapshot placed = Apply(cluster);
        Assert.All(placed.Assignments.Values, assignment => Assert.Single(assignment.Replicas));
        Assert.Equal(3, placed.Assignments.Count);
        Assert.All(placed.Assignments.Values, assignment => Assert.Equal(new AssignmentVersion(5, 1), assignment.Version));
        Assert.True(Reconcile(placed).IsEmpty);
        Assert.All(Reconcile(placed).Decisions, decision => Assert.Equal(ReplicaAction.Keep, decision.Action));
    }

    [Fact]
    public void An_update_replaces_the_container_on_its_node_and_counts_the_generation()
    {
        ClusterSnapshot placed = Apply(Three().With(Pis.Stack("s", Pis.Workload("s", "web", 1, "web:1"))));
        NodeId node = NodeOf(placed, "s.web");

        ChangeSet change = Reconcile(placed.With(Pis.Stack("s", Pis.Workload("s", "web", 1, "web:2"))));

        Assert.Equal(ReplicaAction.Update, Assert.Single(change.Decisions).Action);
        Assert.Equal("web:2", Assert.Single(change.Assignments[node]).Container.Image);
        Assert.Equal(new AssignmentVersion(5, 2), change.ApplyTo(placed, 5).Assignments[node].Version);
        Assert.Equal(new AssignmentVersion(6, 1), change.ApplyTo(placed, 6).Assignments[node].Version);
    }

    [Fact]
    public void An_updated_replica_that_no_longer_fits_moves()
    {
        ClusterSnapshot placed = Apply(Three().With(Pis.Stack("s", Pis.Workload("s", "web"))));
        NodeView other = placed.Nodes.Values.First(node => node.Id != NodeOf(placed, "s.web"));
        WorkloadSpec pinned = Pis.Workload("s", "web", 1, "web:2") with { Placement = new PlacementRules { Constraints = [$"node=={other.Name}"] } };

        ClusterSnapshot moved = Apply(placed.With(Pis.Stack("s", pinned)));

        Assert.Equal(other.Id, NodeOf(moved, "s.web"));
        Assert.Equal(1, moved.Assignments.Values.Sum(assignment => assignment.Replicas.Length));
    }

    /// <summary>A coordinator that has just started, or an engine that is just being restarted: its labels are not "none".</summary>
    [Fact]
    public void A_replica_stays_where_the_engine_has_not_told_its_labels_yet()
    {
        WorkloadSpec onDisk = Pis.Workload("s", "db") with { Placement = new PlacementRules { Constraints = ["storage==ssd"] } };
        NodeView ssd = Pis.Node(1) with { Description = Pis.Node(1).Description! with { EngineLabels = ImmutableSortedDictionary<string, string>.Empty.Add("storage", "ssd") } };
        ClusterSnapshot placed = Apply(Pis.Of(ssd, Pis.Node(2)).With(Pis.Stack("s", onDisk)));
        Assert.Equal(ssd.Id, NodeOf(placed, "s.db"));

        NodeDescriptionView blank = ssd.Description! with { EngineVersion = "", EngineLabels = ImmutableSortedDictionary<string, string>.Empty, AgentVersion = "2" };
        Assert.True(Reconcile(placed.With(ssd with { Description = null })).Assignments.IsEmpty);
        Assert.True(Reconcile(placed.With(ssd with { Description = blank })).Assignments.IsEmpty);
        Assert.False(Reconcile(placed.With(Pis.Node(1))).Assignments.IsEmpty);

        // What was known of it is kept.
        Assert.Equal(("2", "ssd"), (blank.Following(ssd.Description).AgentVersion, blank.Following(ssd.Description).EngineLabels["storage"]));
        Assert.Same(blank, blank.Following(null));
    }

    [Fact]
    public void A_stack_switches_a_filter_off_for_itself_only()
    {
        PlacementRules elsewhere = new() { Constraints = ["zone==nowhere"] };
        WorkloadSpec strict = Pis.Workload("s", "strict") with { Placement = elsewhere };
        WorkloadSpec easy = Pis.Workload("s", "easy") with { Placement = elsewhere with { Filters = ["health"] } };

        ClusterSnapshot placed = Apply(Three().With(Pis.Stack("s", strict, easy)));

        Assert.Equal("s.easy", Assert.Single(placed.Assignments.Values.SelectMany(assignment => assignment.Replicas)).Id.Workload.Value);
        Assert.True(Reconcile(placed).Assignments.IsEmpty);
    }

    /// <summary>Random text cannot be packed: two such services are too much for one node's document, one is not.</summary>
    [Fact]
    public void What_cannot_be_stored_for_a_node_waits_and_holds_up_nothing_else()
    {
        ClusterSnapshot one = Pis.Of(Pis.Node(1)) with { Leader = Three().Leader };
        ClusterSnapshot wanted = one.With(Pis.Stack("s", Large("s", "a", 1), Large("s", "b", 2))).With(Pis.Stack("t", Pis.Workload("t", "web")));

        ChangeSet change = Reconcile(wanted);

        Assert.Equal(["s.a", "t.web"], change.Assignments[Pis.Id(1)].Select(replica => replica.Id.Workload.Value));
        PendingReplica waiting = Assert.Single(change.Pending.Values);
        Assert.Equal("s.b", waiting.Id.Workload.Value);
        Assert.Contains("more than can be stored for a node", waiting.Message, StringComparison.Ordinal);
        ClusterSnapshot placed = change.ApplyTo(wanted, 5);
        Assert.True(Reconcile(placed).IsEmpty);
        Assert.Equal("s.b", Assert.Single(Reconcile(placed).Pending.Keys).Workload.Value);
        Assert.True(ModelJson.Pack(placed.Assignments[Pis.Id(1)], ModelJson.Default.NodeAssignment).Length <= ModelJson.MostPacked);
    }

    [Fact]
    public void A_replica_that_grows_too_large_stays_as_it_was()
    {
        ClusterSnapshot one = Pis.Of(Pis.Node(1)) with { Leader = Three().Leader };
        ClusterSnapshot placed = Apply(one.With(Pis.Stack("s", Large("s", "a", 1), Pis.Workload("s", "b"))));

        ChangeSet change = Reconcile(placed.With(Pis.Stack("s", Large("s", "a", 1), Large("s", "b", 2))));

        Assert.True(change.IsEmpty);
        Assert.Equal("s.b", Assert.Single(change.Pending.Keys).Workload.Value);
    }

    [Fact]
    public void Many_replicas_of_one_service_take_hardly_more_room_than_one()
    {
        ClusterSnapshot one = Pis.Of(Pis.Node(1)) with { Leader = Three().Leader };
        ChangeSet change = Reconcile(one.With(Pis.Stack("s", Large("s", "a", 1) with { Replicas = 5 })));
        Assert.Equal(5, Assert.Single(change.Assignments).Value.Length);
    }

    private static WorkloadSpec Large(string stack, string service, int seed)
    {
        byte[] random = new byte[200_000];
        new Random(seed).NextBytes(random);
        WorkloadSpec workload = Pis.Workload(stack, service);
        return workload with { Container = workload.Container with { Environment = [$"X={Convert.ToHexString(random)}"] } };
    }

    [Fact]
    public void Replicas_of_a_removed_stack_are_taken_away()
    {
        ClusterSnapshot placed = Apply(Three().With(Pis.Stack("s", Pis.Workload("s", "web", 2))));
        ChangeSet change = Reconcile(placed with { Stacks = placed.Stacks.Clear() });
        Assert.Equal(2, change.Assignments.Count);
        Assert.All(change.Assignments.Values, set => Assert.Empty(set));
        Assert.All(change.Decisions, decision => Assert.Equal(ReplicaAction.Remove, decision.Action));
    }

    [Fact]
    public void Free_replicas_of_a_dead_node_are_placed_elsewhere_and_their_old_node_is_told_to_stop_them()
    {
        ClusterSnapshot placed = Apply(Three().With(Pis.Stack("s", Pis.Workload("s", "web"))));
        NodeId old = NodeOf(placed, "s.web");
        ClusterSnapshot moved = Apply(placed.With(placed.Nodes[old].Dead()));
        Assert.NotEqual(old, NodeOf(moved, "s.web"));
        Assert.Empty(moved.Assignments[old].Replicas);
    }

    [Fact]
    public void Nothing_moves_because_a_node_has_not_been_heard_of()
    {
        ClusterSnapshot placed = Apply(Three().With(Pis.Stack("s", Pis.Workload("s", "web", 3))));
        ClusterSnapshot silent = placed.With([.. placed.Nodes.Values.Select(node => node.Silent() with { Status = null, Description = null })]);
        Assert.True(Reconcile(silent).IsEmpty);
    }

    [Fact]
    public void A_fresh_leader_lets_the_nodes_connect_before_it_places_anything()
    {
        ClusterSnapshot cluster = Three().With(Pis.Stack("s", Pis.Workload("s", "web")));
        cluster = cluster.With(cluster.Nodes[Pis.Id(2)].Silent()) with { Leader = cluster.Leader with { Since = Pis.Now.AddSeconds(-1) } };
        ChangeSet change = Reconcile(cluster);
        Assert.True(change.IsEmpty);
        Assert.Equal(Pis.Now.AddSeconds(2), change.LookAgain);
        Assert.False(Reconcile(cluster with { Leader = cluster.Leader with { Since = Pis.Now.AddSeconds(-3) } }).IsEmpty);
    }

    [Fact]
    public void A_volume_gets_a_home_with_its_first_replica_and_its_other_workloads_follow()
    {
        ClusterSnapshot placed = Apply(Three().With(Pis.Stack("s", Pis.Workload("s", "db", 1, "db", "s_data"), Pis.Workload("s", "tool", 1, "tool", "s_data"))));
        NodeId home = placed.Volumes["s_data"].Home;
        Assert.Equal(home, NodeOf(placed, "s.db"));
        Assert.Equal(home, NodeOf(placed, "s.tool"));
    }

    [Fact]
    public void Data_is_waited_for_and_never_started_empty_elsewhere()
    {
        ClusterSnapshot placed = Apply(Three().With(Pis.Stack("s", Pis.Workload("s", "db", 1, "db", "s_data"))));
        NodeId home = placed.Volumes["s_data"].Home;
        ClusterSnapshot dead = placed.With(placed.Nodes[home].Dead());

        ChangeSet change = Reconcile(dead);
        Assert.True(change.IsEmpty);
        Assert.Equal($"data of s_data is on {placed.Nodes[home].Name}, which is down", Assert.Single(change.Pending.Values).Message);

        // Deployed anew while the home is down: the same.
        ClusterSnapshot anew = dead with { Assignments = dead.Assignments.Clear() };
        Assert.Empty(Reconcile(anew).Assignments);
        Assert.Contains("which is down", Assert.Single(Reconcile(anew).Pending.Values).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_drained_node_is_emptied()
    {
        ClusterSnapshot placed = Apply(Three().With(Pis.Stack("s", Pis.Workload("s", "web"))));
        NodeId old = NodeOf(placed, "s.web");
        ClusterSnapshot moved = Apply(placed.With(placed.Nodes[old].Drained()));
        Assert.NotEqual(old, NodeOf(moved, "s.web"));
    }

    [Fact]
    public void What_cannot_be_placed_waits_with_the_reason_of_every_node()
    {
        WorkloadSpec workload = Pis.Workload("s", "web") with { Placement = new PlacementRules { Constraints = ["zone==a"] } };
        ClusterSnapshot cluster = Three().With(Pis.Stack("s", workload));
        PendingReplica pending = Assert.Single(Reconcile(cluster).Pending.Values);
        Assert.Equal(["pi1", "pi2", "pi3"], pending.Reasons.Keys);

        ClusterSnapshot labelled = Apply(cluster.With(cluster.Nodes[Pis.Id(2)].Label("zone", "a")));
        Assert.Equal(Pis.Id(2), NodeOf(labelled, "s.web"));
        Assert.Empty(labelled.Pending);
    }

    [Fact]
    public void Two_replicas_never_publish_one_port_on_one_node()
    {
        WorkloadSpec web = Pis.Workload("s", "web", 4);
        web = web with { Container = web.Container with { Ports = [new PublishedPort("", 80, 80, "tcp")] } };
        ChangeSet change = Reconcile(Three().With(Pis.Stack("s", web)));
        Assert.All(change.Assignments.Values, set => Assert.Single(set));
        Assert.Contains("port", Assert.Single(change.Pending.Values).Reasons["pi1"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_first_deployment_waits_for_a_healthy_dependency_but_a_running_replica_never_does()
    {
        WorkloadSpec php = Pis.Workload("s", "php") with { DependsOn = [new WorkloadDependency(new WorkloadId("s.db"), "service_healthy")] };
        ClusterSnapshot cluster = Three().With(Pis.Stack("s", Pis.Workload("s", "db"), php));
        ClusterSnapshot first = Apply(cluster);
        Assert.Equal("waiting for s.db to be healthy", first.Pending[new ReplicaId(new WorkloadId("s.php"), 1)].Message);

        NodeId node = NodeOf(first, "s.db");
        Assert.Empty(Reconcile(first.With(first.Nodes[node].Runs(Pis.Container("s.db", 1, health: "starting")))).Assignments);
        ClusterSnapshot second = Apply(first.With(first.Nodes[node].Runs(Pis.Container("s.db", 1, health: "healthy"))));
        Assert.Empty(second.Pending);

        ClusterSnapshot sick = second.With(first.Nodes[node].Runs(Pis.Container("s.db", 1, health: "unhealthy")));
        Assert.True(Reconcile(sick).IsEmpty);
    }

    [Fact]
    public void A_first_deployment_waits_for_its_network()
    {
        WorkloadSpec web = Pis.Workload("s", "web");
        StackSpec stack = Pis.Stack("s", web with { Container = web.Container with { Networks = [new NetworkUse("s_default", [])] } })
            with { Networks = [new StackNetwork("s_default", false, false, false)] };
        ClusterSnapshot cluster = Three().With(stack);
        Assert.StartsWith("waiting for the network s_default", Assert.Single(Reconcile(cluster).Pending.Values).Message, StringComparison.Ordinal);
        Assert.False(Reconciler.Reconcile(cluster, Rules with { Forecast = true }, Pis.Now).IsEmpty);
        Assert.False(Reconcile(cluster.With(cluster.Nodes[Pis.Id(1)].Networks("s_default"))).IsEmpty);
    }

    [Fact]
    public void A_global_workload_runs_once_on_every_node_that_fits_also_on_one_that_comes_later()
    {
        WorkloadSpec agent = Pis.Workload("s", "agent") with { Global = true };
        ClusterSnapshot placed = Apply(Three().With(Pis.Stack("s", agent)));
        Assert.All(placed.Assignments.Values, assignment => Assert.Single(assignment.Replicas));
        Assert.Equal([1, 2, 3], placed.Assignments.Values.SelectMany(one => one.Replicas).Select(replica => replica.Id.Index).Order());

        ClusterSnapshot more = Apply(placed.With(Pis.Node(4), placed.Nodes[Pis.Id(2)].Drained()));
        Assert.Equal(4, Assert.Single(more.Assignments[Pis.Id(4)].Replicas).Id.Index);
        Assert.Empty(more.Assignments[Pis.Id(2)].Replicas);
    }

    [Fact]
    public void An_image_is_not_placed_where_it_cannot_run()
    {
        ClusterSnapshot cluster = Three().With(Pis.Stack("s", Pis.Workload("s", "web")));
        NodeView arm = cluster.Nodes[Pis.Id(3)] with { Description = cluster.Nodes[Pis.Id(3)].Description! with { EngineArchitecture = "aarch64" } };
        arm = arm with { Status = arm.Status! with { Images = [new ImageView("sha256:1", ["web:1"], 1, "linux/arm64")] } };
        Assert.Equal(Pis.Id(3), NodeOf(Apply(cluster.With(arm)), "s.web"));
    }

    [Fact]
    public void An_assignment_of_a_removed_node_is_forgotten_and_its_replicas_go_elsewhere()
    {
        ClusterSnapshot placed = Apply(Three().With(Pis.Stack("s", Pis.Workload("s", "web"))));
        NodeId old = NodeOf(placed, "s.web");
        ClusterSnapshot moved = Apply(placed with { Nodes = placed.Nodes.Remove(old) });
        Assert.NotEqual(old, NodeOf(moved, "s.web"));
        Assert.False(moved.Assignments.ContainsKey(old));
    }

    /// <summary>Clusters and stacks of all kinds, nodes dying, draining and returning: each plan holds what it promises.</summary>
    private static ClusterSnapshot Three() => Pis.Of(Pis.Node(1), Pis.Node(2), Pis.Node(3));

    private static ChangeSet Reconcile(ClusterSnapshot cluster) => Reconciler.Reconcile(cluster, Rules, Pis.Now);

    private static ClusterSnapshot Apply(ClusterSnapshot cluster) => Reconcile(cluster).ApplyTo(cluster, 5);

    private static NodeId NodeOf(ClusterSnapshot cluster, string workload) =>
        cluster.Assignments.Values.Single(assignment => assignment.Replicas.Any(replica => replica.Id == new ReplicaId(new WorkloadId(workload), 1))).Node;
}
