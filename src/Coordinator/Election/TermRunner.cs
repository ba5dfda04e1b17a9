using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Model;
using RpiAgent.Identity;

namespace RpiAgent.Coordinator.Election;

/// <summary>Runs the leader-only loops for as long as the lease lasts; the lease ends by its own timer, whatever the elector is doing.</summary>
internal sealed partial class TermRunner(
    IEnumerable<TermLoop> loops, Leadership leadership, ClusterFeeds feeds, ClusterState state, SteadyTime time, ILogger<TermRunner> log) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RestartPause = TimeSpan.FromSeconds(1);

    private CancellationTokenSource? _lease;
    private Task _running = Task.CompletedTask;

    public void Begin(string session, ulong epoch, TimeSpan lasting, string address)
    {
        _lease = new CancellationTokenSource(lasting, time);
        Term term = new(epoch, session, _lease.Token);
        leadership.Set(term);
        LogBegan(epoch);
        _running = Task.Run(() => RunTermAsync(term, address), CancellationToken.None);
    }

    public void Dispose() => _lease?.Dispose();

    public void Extend(TimeSpan lasting) => _lease?.CancelAfter(lasting);

    /// <summary>Stops the loops at once and waits for them a little; what they still try is fenced off.</summary>
    public async Task EndAsync(string reason)
    {
        if (_lease is not CancellationTokenSource lease)
        {
            return;
        }

        ulong epoch = leadership.Current?.Epoch ?? state.Current.Leader.Epoch;
        leadership.Set(null);
        await lease.CancelAsync();
        state.Update(snapshot => snapshot with { Leader = LeaderView.None with { Epoch = epoch } });
        LogEnded(epoch, reason);
        try
        {
            await _running.WaitAsync(Patience, time, CancellationToken.None);
            lease.Dispose();
        }
        catch (TimeoutException)
        {
            LogSlow(epoch);
        }

        _lease = null;
    }

    /// <summary>The first thing is to know all that the last leader wrote; from then on the leader's own writing is the truth.</summary>
    private async Task RunTermAsync(Term term, string address)
    {
        try
        {
            await feeds.RefreshAsync(term.Ended);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        DateTimeOffset since = time.GetUtcNow();
        // The term may end meanwhile: whoever ends it cancels first and then tells the snapshot so.
        state.Update(snapshot => term.Ended.IsCancellationRequested ? snapshot : snapshot with { Leader = new LeaderView(term.Epoch, address, true, since) });
        await Task.WhenAll(loops.Select(loop => Task.Run(() => KeepRunningAsync(loop, term), CancellationToken.None)));
    }

    private async Task KeepRunningAsync(TermLoop loop, Term term)
    {
        while (!term.Ended.IsCancellationRequested)
        {
            try
            {
                await loop.Run(term);
                if (!term.Ended.IsCancellationRequested)
                {
                    LogStopped(loop.Name);
                }
            }
            catch (Exception) when (term.Ended.IsCancellationRequested)
            {
                return;     // a call that was cut says so in its own way
            }
            catch (Exception failure)
            {
                LogFailed(loop.Name, failure);
            }

            await Task.Delay(RestartPause, time, term.Ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Leading with epoch {Epoch}")]
    private partial void LogBegan(ulong epoch);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Leads no more (epoch {Epoch}): {Reason}")]
    private partial void LogEnded(ulong epoch, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Some work of epoch {Epoch} is still winding down; it is fenced off")]
    private partial void LogSlow(ulong epoch);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Loop} ended before its term; it is started again")]
    private partial void LogStopped(string loop);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Loop} failed; it is started again")]
    private partial void LogFailed(string loop, Exception failure);
}
