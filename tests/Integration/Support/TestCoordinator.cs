using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Consul;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Election;
using RpiAgent.Identity;

namespace RpiAgent.Tests.Integration.Support;

/// <summary>The core of one coordinator process: feeds, snapshot and elector on a real Consul.</summary>
internal sealed class TestCoordinator : IAsyncDisposable
{
    private readonly ConsulClient _consul;
    private readonly CancellationTokenSource _stop = new();
    private readonly TermRunner _runner;
    private readonly Task _feeding;
    private readonly Task _electing;

    public TestCoordinator(ConsulServer server, string address, bool aloneHere = false, params TermLoop[] loops)
    {
        Address = address;
        _consul = server.NewClient();
        ClusterFeeds feeds = new(_consul, State, new SteadyTime(TimeProvider.System), NullLogger<ClusterFeeds>.Instance);
        _runner = new TermRunner(
            [new TermLoop("watch", WatchAsync), .. loops], Leadership, feeds, State, new SteadyTime(TimeProvider.System), NullLogger<TermRunner>.Instance);
        LeaderElector elector = new(
            _consul, _runner, State, address, ElectionTimings.Default, TimeProvider.System, NullLogger<LeaderElector>.Instance);
        _feeding = feeds.RunAsync(_stop.Token);
        _electing = elector.RunAsync(aloneHere, _stop.Token);
    }

    public string Address { get; }

    public ClusterState State { get; } = new();

    public Leadership Leadership { get; } = new();

    /// <summary>Epochs in which the loops ran, with when they began and ended.</summary>
    public List<(ulong Epoch, DateTimeOffset From, DateTimeOffset? To)> Terms { get; } = [];

    public async Task<Term> LeadsAsync(TimeSpan within, ulong after = 0)
    {
        using CancellationTokenSource limit = new(within);
        await State.WaitUntilAsync(snapshot => snapshot.Leader.Here && snapshot.Leader.Epoch > after, limit.Token);
        return Leadership.Current!;
    }

    /// <summary>Ends as a killed process does: the lock is left behind.</summary>
    public async Task KillAsync()
    {
        _consul.Dispose();
        await DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_stop.IsCancellationRequested)
        {
            await _stop.CancelAsync();
            await Task.WhenAll(_feeding, _electing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _runner.Dispose();
            _consul.Dispose();
        }

        _stop.Dispose();
    }

    private async Task WatchAsync(Term term)
    {
        int at;
        lock (Terms)
        {
            at = Terms.Count;
            Terms.Add((term.Epoch, TimeProvider.System.GetUtcNow(), null));
        }

        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, term.Ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (Terms)
        {
            Terms[at] = Terms[at] with { To = TimeProvider.System.GetUtcNow() };
        }
    }
}
