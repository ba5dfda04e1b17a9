using RpiAgent.Agent.NodeConfig.DockerOptions;
using Xunit;

namespace RpiAgent.Tests.Unit.NodeConfig;

public class EngineContentsTests
{
    private static readonly EngineContents Before = new("node1", ["a", "b"]);

    [Fact]
    public void An_engine_that_has_all_it_had_and_more_is_the_same() => Assert.Null(Before.MissingIn(new EngineContents("node1", ["b", "c", "a"])));

    [Fact]
    public void An_engine_that_has_lost_containers_or_its_place_in_the_swarm_is_another()
    {
        Assert.Equal("without its containers, as with another data root", Before.MissingIn(new EngineContents("", [])));
        Assert.Equal("without 1 of its 2 containers, as with another data root", Before.MissingIn(new EngineContents("node1", ["a"])));
        Assert.Equal("without its place in the swarm, as with another data root", Before.MissingIn(new EngineContents("", ["a", "b"])));
    }

    [Fact]
    public void What_is_gone_from_the_same_store_was_taken_away_by_somebody_else()
    {
        EngineContents kept = Before with { Store = "/var/lib/docker overlay2" };
        Assert.Null(kept.MissingIn(new EngineContents("", ["a"]) { Store = kept.Store }));
        Assert.NotNull(kept.MissingIn(new EngineContents("node1", []) { Store = "/mnt/docker overlay2" }));
        Assert.NotNull(kept.MissingIn(new EngineContents("node1", []) { Store = "/var/lib/docker vfs" }));
        Assert.NotNull(kept.MissingIn(new EngineContents("node1", [])));
    }

    [Fact]
    public void A_store_that_moved_with_all_that_is_in_it_is_the_same() =>
        Assert.Null((Before with { Store = "/var/lib/docker overlay2" }).MissingIn(Before with { Store = "/mnt/docker overlay2" }));

    [Fact]
    public void A_manager_that_cannot_tell_yet_is_not_taken_for_another() => Assert.Null(Before.MissingIn(new EngineContents(null, ["a", "b"])));
}
