using RpiAgent.Agent.Boot.Card;
using RpiAgent.Agent.Enrolment;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Identity;

namespace RpiAgent.Agent.Boot;

/// <summary>
/// The first step of every boot: this board's identity, from disk or by enrolling with what the boot file says.
/// A refusal that only a person can mend is told and waited out; the daemon stays, so that `systemctl status` can say why.
/// </summary>
/// <param name="clockSet">Waits for that for a while; gets whom to tell.</param>
/// <param name="tell">Gets each reason for waiting, for STATUS=.</param>
internal sealed partial class Joining(
    Enroller enroller, CardOrder card, Func<Action<string>, CancellationToken, Task> clockSet, Action<string> tell, TrustClock clock, TimeProvider time, ILogger<Joining> log)
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);

    /// <summary>A coordinator may have been mended meanwhile: after so long we ask again although the card is unchanged.</summary>
    private static readonly TimeSpan AskAgain = TimeSpan.FromMinutes(5);

    /// <summary>What the card wished and the network did not allow is tried again from the start after so long.</summary>
    private static readonly TimeSpan StartAgain = CardOrder.ApplyAgain + TimeSpan.FromMinutes(5);

    private bool _hasWaited;

    public async Task<EnrolledNode> RunAsync(CancellationToken cancel)
    {
        while (true)
        {
            string seen = card.Hash();
            bool mayHelpItself = true;
            try
            {
                if (enroller.Load() is { } known && !await IsExpiredAsync(known, cancel) && !await IsRefusedAsync(known, cancel))
                {
                    await card.ForgetAsync(cancel);
                    return known;
                }

                if (await EnrolAsync(seen, cancel) is { } enrolled)
                {
                    return enrolled;
                }

                continue;
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancel.IsCancellationRequested)
            {
                string reason = e is IOException or UnauthorizedAccessException ? Refusal.OfDisk(e).ToString() : e.Message;
                tell($"not enrolled: {reason}");
                LogWaiting(reason);
                mayHelpItself = e is not BootFileException || card.IsUndone;
                await card.TellAsync(reason, cancel);
            }

            long since = time.GetTimestamp();
            do
            {
                await Task.Delay(Look, time, cancel);
            }
            while (seen == card.Hash() && (!mayHelpItself || time.GetElapsedTime(since) < AskAgain));
        }
    }

    /// <returns>Null when the card has changed meanwhile, it took too long, or the coordinator went away.</returns>
    private async Task<EnrolledNode?> EnrolAsync(string seen, CancellationToken cancel)
    {
        using CancellationTokenSource changed = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task watch = WatchAsync(seen, changed);
        try
        {
            EnrolmentOrder order = await card.PrepareAsync(tell, changed.Token, cancel);
            // Now that the card has brought the network up: without one nobody can set the clock.
            await WaitForClockAsync(changed.Token);

            EnrolledNode? enrolled = await enroller.EnrolAsync(order, reason => tell($"enrolling: {reason}"), changed.Token);
            if (enrolled is not null)
            {
                await card.DoneAsync(cancel);
            }

            return enrolled;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return null;
        }
        finally
        {
            await changed.CancelAsync();
            await watch.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task WatchAsync(string seen, CancellationTokenSource changed)
    {
        long since = time.GetTimestamp();
        do
        {
            await Task.Delay(Look, time, changed.Token);
        }
        while (seen == card.Hash() && time.GetElapsedTime(since) < StartAgain);
        await changed.CancelAsync();
    }

    private async Task WaitForClockAsync(CancellationToken cancel)
    {
        if (!_hasWaited)
        {
            await clockSet(tell, cancel);
            _hasWaited = true;
        }
    }

    /// <summary>With an expired certificate nobody answers us: only a new join token helps.</summary>
    private async Task<bool> IsExpiredAsync(EnrolledNode known, CancellationToken cancel)
    {
        if (clock.Now >= known.Credentials.NotAfter)
        {
            // A battery, or the file of the last shutdown, may have said a time in the future.
            await WaitForClockAsync(cancel);
        }

        if (clock.Now < known.Credentials.NotAfter)
        {
            return false;
        }

        LogExpired(known.Credentials.NotAfter);
        return true;
    }

    /// <summary>A clock that is behind does not see that a certificate has ended; a new token on the card is a reason to ask.</summary>
    private async Task<bool> IsRefusedAsync(EnrolledNode known, CancellationToken cancel) =>
        !clock.Synchronised && card.Unused() is { } unused && await enroller.IsRefusedAsync(known, unused.Coordinator ?? known.Saved.Coordinator, tell, cancel);

    [LoggerMessage(Level = LogLevel.Error, Message = "Not enrolled, waiting for a change of the boot file: {Reason}")]
    private partial void LogWaiting(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "This node's certificate expired on {NotAfter:u}; enrolling anew with the boot file's join token")]
    private partial void LogExpired(DateTimeOffset notAfter);
}
