using Microsoft.Extensions.Time.Testing;
using RpiAgent.Agent.Status;
using Xunit;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Tests.Unit.Status;

public class StatusBoardTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly StatusBoard _board;

    public StatusBoardTests() => _board = new StatusBoard("n", () => "192.168.1.102", () => new SystemLoad(5, 0.5), _time);

    [Fact]
    public async Task A_watcher_gets_the_status_at_once_then_each_change_then_a_sign_of_life()
    {
        await using IAsyncEnumerator<Wire.NodeStatus> watcher = _board.WatchAsync(TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await watcher.MoveNextAsync());
        ulong first = watcher.Current.Sequence;
        Assert.Equal(5UL, watcher.Current.MemoryAvailableBytes);

        Task<bool> next = watcher.MoveNextAsync().AsTask();
        _board.Update(report => report with { EngineUp = true });
        Assert.True(await next);
        Assert.True(watcher.Current.EngineUp);
        Assert.Equal(first + 1, watcher.Current.Sequence);

        next = watcher.MoveNextAsync().AsTask();
        _board.Update(report => report with { EngineUp = true, Containers = [] });
        Assert.False(next.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(await next);
        Assert.Equal(first + 1, watcher.Current.Sequence);
    }

    [Fact]
    public async Task A_change_between_two_looks_is_not_missed()
    {
        await using IAsyncEnumerator<Wire.NodeStatus> watcher = _board.WatchAsync(TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await watcher.MoveNextAsync());
        _board.Update(report => report with { EngineUp = true });
        _board.Update(report => report with { Warnings = ["w"] });
        Assert.True(await watcher.MoveNextAsync());
        Assert.Equal("w", Assert.Single(watcher.Current.Warnings));
    }
}
