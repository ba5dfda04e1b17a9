using System.Collections.Immutable;
using RpiAgent.Coordinator.Scheduling;
using Xunit;

namespace RpiAgent.Tests.Unit.Scheduling;

public sealed class SchedulerTests
{
    private const long GiB = 1L << 30;

    [Fact]
    public void Wishes_are_counted_one_by_one()
    {
        PlacementCluster cluster = PlacementCluster.Create([Node("pi1", ("zone", "b")), Node("pi2", ("zone", "a"))]);
        Assert.Equal("pi2", Place(cluster, new() { Constraints = ["zone==~a", "rack==~none"] }));
    }

    [Fact]
    public void A_lone_star_asks_for_a_label_that_is_there()
    {
        PlacementCluster cluster = PlacementCluster.Create([Node("pi1"), Node("pi2", ("zone", ""))]);
        Assert.Equal("pi2", Place(cluster, new() { Constraints = ["zone==*"] }));
        Assert.Equal("unsatisfiable", Place(cluster, new() { Constraints = ["zone!=*"] }));
    }

    [Fact]
    public void Free_memory_breaks_ties_between_boards()
    {
        PlacementCluster cluster = PlacementCluster.Create([Node("pi1") with { MemoryBytes = GiB }, Node("pi2") with { MemoryBytes = 8 * GiB }]);
        Assert.Equal("pi2", Place(cluster, new()));
    }

    [Fact]
    public void A_fit_is_exact_to_the_byte_and_the_thousandth()
    {
        PlacementPolicy exact = new() { OverCommit = 0 };
        PlacementCluster cluster = PlacementCluster.Create([Node("pi1") with { MemoryBytes = 1000, MilliCpus = 1000, Containers = [new() { MemoryBytes = 600, MilliCpus = 500 }] }]);
        Assert.Equal("pi1", Place(cluster, new() { MemoryBytes = 400, MilliCpus = 500 }, exact));
        Assert.Equal("no-resources", Place(cluster, new() { MemoryBytes = 401 }, exact));
        Assert.Equal("no-resources", Place(cluster, new() { MilliCpus = 501 }, exact));
    }

    [Theory]
    [InlineData("x86_64", "", "linux/arm64", "no")]
    [InlineData("aarch64", "", "linux/arm64", "yes")]
    [InlineData("aarch64", "", "linux/arm/v7", "no")]
    [InlineData("aarch64", "linux/arm/v8", "linux/arm/v7", "yes")]
    [InlineData("armv7l", "", "linux/arm/v6", "yes")]
    [InlineData("armv6l", "", "linux/arm/v7", "no")]
    [InlineData("", "", "linux/arm64", "yes")]
    public void An_image_goes_only_where_it_can_run(string engine, string also, string image, string runs)
    {
        PlacementNode node = Node("pi1") with { OsType = "linux", Architecture = engine, AlsoRuns = also.Length == 0 ? [] : [also] };
        Placement placement = Scheduler.Place(PlacementCluster.Create([node]), new() { Image = "web", Platforms = [image] }, PlacementPolicy.Default);
        Assert.Equal(runs == "yes", placement is Placed);
        Assert.True(placement is Placed || placement.Explain().Contains($"image web exists for {image}", StringComparison.Ordinal));
    }

    [Fact]
    public void A_container_with_a_memory_limit_never_goes_where_limits_have_no_effect()
    {
        PlacementNode without = Node("pi1") with { WithoutMemoryLimits = true };
        PlacementRequest limited = new() { Image = "web", LimitsMemory = true };
        Assert.Equal("pi2", Place(PlacementCluster.Create([without, Node("pi2")]), limited));
        Assert.Contains("pi1: E_NO_MEMCG", Scheduler.Place(PlacementCluster.Create([without]), limited, PlacementPolicy.Default).Explain(), StringComparison.Ordinal);
        Assert.Equal("pi1", Place(PlacementCluster.Create([without]), limited with { LimitsMemory = false }));
    }

    [Theory, InlineData("aarch64"), InlineData("arm64"), InlineData("a*64")]
    public void An_architecture_may_be_called_by_either_name(string name)
    {
        PlacementCluster cluster = PlacementCluster.Create([Node("pi1") with { Architecture = "armv7l" }, Node("pi2") with { Architecture = "aarch64" }]);
        Assert.Equal("pi2", Place(cluster, new() { Constraints = [$"architecture=={name}"] }));
        Assert.Equal("pi1", Place(cluster, new() { Constraints = [$"architecture!={name}"] }));
    }

    [Fact]
    public void Replicas_are_spread_over_label_values_and_limited_on_each_node()
    {
        PlacementCluster cluster = PlacementCluster.Create([Node("pi1", ("zone", "a")), Node("pi2", ("zone", "a")), Node("pi3", ("zone", "b"))]);
        PlacementRequest web = new() { Group = "shop.web", SpreadOver = ["zone"], MaxReplicasPerNode = 1 };
        string[] order = [.. Enumerable.Range(0, 4).Select(_ =>
        {
            string node = Place(cluster, web);
            if (cluster.Find(node) is not null)
            {
                cluster.Add(node, new() { Group = "shop.web" });
            }
            return node;
        })];
        Assert.Equal(["pi1", "pi3", "pi2", "unsatisfiable"], order);
    }

    [Fact]
    public void A_drained_node_takes_nothing_and_says_so()
    {
        PlacementCluster cluster = PlacementCluster.Create([Node("pi1") with { Closed = "drained" }, Node("pi2") with { Health = 0 }]);
        Unplaceable refused = Assert.IsType<Unplaceable>(Scheduler.Place(cluster, new(), PlacementPolicy.Default));
        Assert.Equal(("drained", "not healthy"), (refused.Reasons["pi1"], refused.Reasons["pi2"]));
    }

    [Fact]
    public void A_volume_with_a_home_keeps_its_workloads_there()
    {
        PlacementCluster cluster = PlacementCluster.Create(
            [Node("pi1"), Node("pi2") with { Id = "id-2", Health = 0 }], new Dictionary<string, string> { ["shop_db"] = "id-2" });
        Unplaceable refused = Assert.IsType<Unplaceable>(Scheduler.Place(cluster, new() { Volumes = ["shop_db"] }, PlacementPolicy.Default));
        Assert.Equal("volume shop_db lives on pi2", refused.Reasons["pi1"]);
    }

    [Fact]
    public void The_random_strategy_spreads_its_choices_and_repeats_them()
    {
        PlacementPolicy random = new() { Strategy = Strategy.Random };
        PlacementCluster cluster = PlacementCluster.Create(Enumerable.Range(1, 4).Select(i => Node($"pi{i}")));
        string[] nodes = [.. Enumerable.Range(0, 400).Select(i => Place(cluster, new() { Name = $"web{i}" }, random))];
        Assert.All(nodes.CountBy(n => n), n => Assert.InRange(n.Value, 60, 140));
        Assert.Equal(nodes, Enumerable.Range(0, 400).Select(i => Place(cluster, new() { Name = $"web{i}" }, random)));
    }

    [Fact]
    public void A_report_ranks_candidates_and_names_the_filter_of_each_refusal()
    {
        PlacementCluster cluster = PlacementCluster.Create([
            Node("pi1") with { Containers = [new() { Names = ["old"], Ports = [PortBinding.Published("", 80, 80, "tcp")] }] },
            Node("pi2") with { Containers = [new() { Names = ["a"] }] }, Node("pi3")]);
        PlacementReport report = Scheduler.Explain(cluster, new() { Ports = [PortBinding.Published("", 80, 8080, "tcp")] }, PlacementPolicy.Default);
        Assert.Equal(["pi3", "pi2", "pi1"], report.Nodes.Select(n => n.Node));
        Assert.Equal(("port", "port 80/tcp is held by old"), (report.Nodes[2].Filter, report.Nodes[2].Why));
        Assert.Contains("pi3 is the best of 2", report.Line(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_removed_container_gives_back_all_it_held()
    {
        PlacedContainer held = new() { Names = ["web"], MemoryBytes = 4 * GiB, Ports = [PortBinding.Published("", 80, 80, "tcp")], Labels = ImmutableDictionary<string, string>.Empty.Add("app", "web") };
        PlacementCluster cluster = PlacementCluster.Create([Node("pi1") with { Containers = [held] }]);
        PlacementRequest same = new() { Name = "web", MemoryBytes = 4 * GiB, Ports = held.Ports, Affinities = ["app!=web"] };
        Assert.Equal("name-conflict", Place(cluster, same));
        Assert.True(cluster.Remove("pi1", held));
        Assert.Equal("pi1", Place(cluster, same));
    }

    private static PlacementNode Node(string name, params (string Key, string Value)[] labels) => new()
    {
        Id = name,
        Name = name,
        MilliCpus = 4000,
        MemoryBytes = 4 * GiB,
        Labels = labels.ToImmutableDictionary(l => l.Key, l => l.Value),
    };

    private static string Place(PlacementCluster cluster, PlacementRequest request, PlacementPolicy? policy = null) =>
        PublicCaseTests.Word(Scheduler.Place(cluster, request, policy ?? PlacementPolicy.Default));
}
