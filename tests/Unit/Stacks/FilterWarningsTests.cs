using RpiAgent.Coordinator.Model;
using RpiAgent.Coordinator.Stacks;
using RpiAgent.Tests.Unit.Cluster;
using Xunit;

namespace RpiAgent.Tests.Unit.Stacks;

public class FilterWarningsTests
{
    private static readonly WorkloadSpec Pinned = Pis.Workload("s", "web") with { Placement = new PlacementRules { Constraints = ["zone==a"], Affinities = ["image==x"] } };

    [Fact]
    public void What_the_cluster_does_not_look_at_is_told_for_each_service()
    {
        WorkloadSpec published = Pis.Workload("s", "db") with { Container = Pinned.Container with { Ports = [new PublishedPort("", 80, 80, "tcp")] } };
        Assert.Equal(
            ["services.web: the cluster's filter 'constraint'", "services.web: the cluster's filter 'affinity'", "services.db: the cluster's filter 'port'"],
            FilterWarnings.OfCluster(Pis.Stack("s", Pinned, published), ["health"]).Select(warning => warning.Split(" is ")[0]));
    }

    [Fact]
    public void All_filters_look_at_everything() => Assert.Empty(FilterWarnings.OfCluster(Pis.Stack("s", Pinned), []));

    [Fact]
    public void A_service_with_filters_of_its_own_was_told_when_it_was_read() =>
        Assert.Empty(FilterWarnings.OfCluster(Pis.Stack("s", Pinned with { Placement = Pinned.Placement with { Filters = ["health"] } }), ["health"]));
}
