using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Model;
using Xunit;

namespace RpiAgent.Tests.Unit.Cluster;

public class ClusterStateTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void A_node_is_described_anew_when_its_engine_has_come_back_or_has_new_options()
    {
        NodeStatusView before = new() { EngineUp = true, Config = new ConfigView("1", "applied", "") };
        Assert.False(before.MayBeDescribedAnew(before));
        Assert.True(before.MayBeDescribedAnew(before with { EngineUp = false }));
        Assert.True(before.MayBeDescribedAnew(before with { Config = new ConfigView("1", "applying", "") }));
        Assert.False((before with { Config = new ConfigView("2", "applying", "") }).MayBeDescribedAnew(before));
    }

    [Fact]
    public async Task Concurrent_changes_all_count_once()
    {
        ClusterState state = new();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(
            () =>
            {
                for (int i = 0; i < 500; i++)
                {
                    state.Update(s => s with { Leader = s.Leader with { Epoch = s.Leader.Epoch + 1 } });
                }
            },
            Cancel)));

        Assert.Equal(4000ul, state.Current.Revision);
        Assert.Equal(4000ul, state.Current.Leader.Epoch);
    }

    [Fact]
    public void A_change_that_changes_nothing_makes_no_revision()
    {
        ClusterState state = new();
        state.Update(s => s);
        Assert.Equal(0ul, state.Current.Revision);
    }

    [Fact]
    public async Task A_waiter_sees_the_change_and_a_slow_reader_the_newest()
    {
        ClusterState state = new();
        Task<ClusterSnapshot> waiting = state.WaitForNewerAsync(0, Cancel);
        Assert.False(waiting.IsCompleted);
        state.Update(s => s with { SwarmPhase = new SwarmPhase("forming", "") });
        Assert.Equal(1ul, (await waiting).Revision);

        await using IAsyncEnumerator<ClusterSnapshot> changes = state.WatchAsync(Cancel).GetAsyncEnumerator(Cancel);
        Assert.True(await changes.MoveNextAsync());
        state.Update(s => s with { SwarmPhase = new SwarmPhase("active", "") });
        state.Update(s => s with { SwarmPhase = new SwarmPhase("degraded", "") });
        Assert.True(await changes.MoveNextAsync());
        Assert.Equal("degraded", changes.Current.SwarmPhase.Name);
    }

    [Fact]
    public async Task A_wait_ends_with_its_token()
    {
        using CancellationTokenSource stop = new();
        Task<ClusterSnapshot> waiting = new ClusterState().WaitForNewerAsync(0, stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }
}
