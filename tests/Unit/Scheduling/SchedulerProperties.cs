using System.Collections.Immutable;
using CsCheck;
using RpiAgent.Coordinator.Scheduling;
using Xunit;

namespace RpiAgent.Tests.Unit.Scheduling;

/// <summary>What holds for every cluster and every row of requests, whatever the strategy.</summary>
public sealed class SchedulerProperties
{
    private static readonly Gen<PlacementNode> s_node = Gen.Select(
        Gen.Int[0, 8], Gen.Int[0, 4096], Gen.Int[0, 3], Gen.Bool, Gen.OneOf("", "a", "b"), Gen.OneOf("", "0", "2", "x"),
        (cores, memory, failures, drained, zone, slots) => new PlacementNode
        {
            Id = "",
            Name = "",
            MilliCpus = cores * 1000,
            MemoryBytes = memory,
            Health = 100 - (failures * 33) is > 1 and var health ? health : 0,
            Closed = drained ? "drained" : null,
            Labels = new Dictionary<string, string> { ["zone"] = zone, ["containerslots"] = slots }.Where(l => l.Value.Length > 0).ToImmutableDictionary(),
        });

    private static readonly Gen<PlacementRequest> s_request = Gen.Select(
        Gen.Int[0, 1500], Gen.Int[0, 1024], Gen.Int[0, 3], Gen.OneOf("", "zone==a", "zone!=a", "zone==~b", "node!=n0"), Gen.OneOf("", "data", "db"), Gen.Int[0, 2],
        (cpus, memory, port, constraint, volume, group) => new PlacementRequest
        {
            MilliCpus = cpus,
            MemoryBytes = memory,
            Ports = port == 0 ? [] : [PortBinding.Published("", 80 + port, 80, "tcp")],
            Constraints = constraint.Length == 0 ? [] : [constraint],
            Volumes = volume.Length == 0 ? [] : [volume],
            Group = $"g{group}",
            MaxReplicasPerNode = group == 0 ? 2 : null,
        });

    private static readonly Gen<(PlacementNode[] Nodes, PlacementRequest[] Requests, PlacementPolicy Policy)> s_story = Gen.Select(
        s_node.Array[0, 8], s_request.Array[0, 40], Gen.OneOf(Strategy.Spread, Strategy.Binpack, Strategy.Random), Gen.OneOf(0, 0.05, 0.5, -0.5),
        (nodes, requests, strategy, over) => (
            nodes.Select((n, i) => n with { Name = $"n{i}", Id = $"id{i}" }).ToArray(), requests, new PlacementPolicy { Strategy = strategy, OverCommit = over }));

    [Fact]
    public void Nothing_goes_where_it_must_not_and_no_reservation_is_exceeded() => s_story.Sample(story =>
    {
        (PlacementCluster cluster, List<(PlacementRequest Request, Placement Where)> done) = Play(story.Nodes, story.Requests, story.Policy);
        foreach ((PlacementRequest request, Placement where) in done)
        {
            if (where is not Placed placed)
            {
                Assert.Equal(story.Nodes.Length, ((Unplaceable)where).Reasons.Count);
                continue;
            }
            PlacementNode node = story.Nodes.Single(n => n.Name == placed.Node);
            Assert.True(node.Health > 0 && node.Closed is null);
            string zone = node.Labels.GetValueOrDefault("zone", "");
            Assert.True(request.Constraints is not ["zone==a"] || zone == "a");
            Assert.True(request.Constraints is not ["zone!=a"] || zone != "a");
            Assert.True(request.Constraints is not ["node!=n0"] || node.Name != "n0");
        }
        double share = 1 + story.Policy.OverCommit;
        foreach (NodeState node in cluster.Nodes)
        {
            Assert.True(node.UsedMemory <= Math.Max(0, Math.Ceiling(node.Node.MemoryBytes * share)));
            Assert.True(node.UsedMilliCpus <= Math.Max(node.Node.MilliCpus, node.Node.MilliCpus * share));
            Assert.True(node.Slots is not { } slots || node.Running <= slots);
            Assert.True(node.Containers.Count(c => c.Group == "g0") <= 2);
            Assert.Distinct(node.Containers.SelectMany(c => c.Ports).Select(p => p.First));
        }
    }, iter: 1000);

    [Fact]
    public void The_same_snapshot_gives_the_same_plan_in_whatever_order_nodes_are_told() => s_story.Sample(story =>
        Assert.Equal(
            Play(story.Nodes, story.Requests, story.Policy).Done.Select(d => d.Where.Explain()),
            Play([.. story.Nodes.Reverse()], story.Requests, story.Policy).Done.Select(d => d.Where.Explain())), iter: 300);

    [Fact]
    public void Workloads_that_share_a_volume_stay_together() => s_story.Sample(story =>
    {
        foreach (IGrouping<string, (PlacementRequest Request, Placement Where)> volume in Play(story.Nodes, story.Requests, story.Policy).Done
            .Where(d => d.Where is Placed && d.Request.Volumes.Length > 0).GroupBy(d => d.Request.Volumes[0]))
        {
            Assert.Single(volume.Select(v => ((Placed)v.Where).Node).Distinct());
        }
    }, iter: 500);

    [Fact]
    public void A_refused_request_fits_nowhere_by_its_own_reasons_and_placing_again_changes_nothing() => s_story.Sample(story =>
    {
        (PlacementCluster cluster, List<(PlacementRequest Request, Placement Where)> done) = Play(story.Nodes, story.Requests, story.Policy);
        foreach ((PlacementRequest request, Placement where) in done.Where(d => d.Where is Unplaceable && d.Request.Volumes.IsEmpty))
        {
            Assert.IsType<Unplaceable>(Scheduler.Place(cluster, request, story.Policy));
        }
    }, iter: 300);

    [Fact]
    public void Running_sums_equal_a_cluster_built_anew() => s_story.Sample(story =>
    {
        (PlacementCluster cluster, _) = Play(story.Nodes, story.Requests, story.Policy);
        foreach (NodeState node in cluster.Nodes.ToArray().Where(n => n.All > 0))
        {
            cluster.Remove(node.Node.Name, node.Containers[0]);
        }
        PlacementNode[] now = [.. cluster.Nodes.ToArray().Select(n => n.Node with { Containers = [.. n.Containers] })];
        PlacementCluster fresh = PlacementCluster.Create(now, cluster.VolumeHomes);
        foreach (PlacementRequest request in story.Requests)
        {
            Assert.Equal(Scheduler.Place(fresh, request, story.Policy).Explain(), Scheduler.Place(cluster, request, story.Policy).Explain());
        }
    }, iter: 300);

    /// <summary>Places one after the other, as reconciliation does: a volume lives where its first workload went.</summary>
    private static (PlacementCluster Cluster, List<(PlacementRequest Request, Placement Where)> Done) Play(
        PlacementNode[] nodes, PlacementRequest[] requests, PlacementPolicy policy)
    {
        Dictionary<string, string> homes = new(StringComparer.Ordinal);
        PlacementCluster cluster = PlacementCluster.Create(nodes, homes);
        List<(PlacementRequest, Placement)> done = [];
        foreach (PlacementRequest request in requests)
        {
            Placement where = Scheduler.Place(cluster, request, policy);
            if (where is Placed placed)
            {
                cluster.Add(placed.Node, new() { MemoryBytes = request.MemoryBytes, MilliCpus = request.MilliCpus, Ports = request.Ports, Group = request.Group });
                foreach (string volume in request.Volumes)
                {
                    homes.TryAdd(volume, placed.NodeId);
                }
            }
            done.Add((request, where));
        }
        return (cluster, done);
    }

    [Fact]
    public void The_quick_division_is_exact() => Gen.Select(Gen.Long[0, long.MaxValue / 128], Gen.Long[1, 1L << 50])
        .Where((dividend, divisor) => dividend / divisor < 1L << 50)
        .Sample((dividend, divisor) => Rank.Divide(dividend, divisor) == dividend / divisor && Rank.Divide(dividend / divisor * divisor, divisor) == dividend / divisor, iter: 100_000);
}
