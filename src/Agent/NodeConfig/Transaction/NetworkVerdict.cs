using Microsoft.Extensions.Logging;

namespace RpiAgent.Agent.NodeConfig.Transaction;

/// <summary>
/// Whether a change of address that is in place stays: until the coordinator, or a person, answers, or the time is up. The script may decide
/// at any moment, too; whoever holds the lock does.
/// </summary>
internal sealed partial class NetworkVerdict(TransactionFiles files, RollbackScript script, NetworkLinks links, BootClock clock, TimeProvider time, ILogger<NetworkTransaction> logger)
{
    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromSeconds(2), LeastTime = TimeSpan.FromSeconds(5);

    /// <summary>Asks at least once: the limit may have run while the system came up.</summary>
    public async Task<TransactionEnd> WaitAsync(TransactionMarker marker, Func<TransactionMarker, CancellationToken, Task<bool>> confirm, CancellationToken cancel)
    {
        // After a restart of the node the clock of the old boot says nothing.
        double end = (marker.BootId == clock.BootId ? Math.Min(marker.StartedSeconds, clock.Now) : clock.Now) + marker.DeadlineSeconds;
        using CancellationTokenSource late = new(TimeSpan.FromSeconds(Math.Max(end - clock.Now, LeastTime.TotalSeconds)), time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancel);
        while (IsWaiting(marker.Id))
        {
            if (await TryConfirmAsync(marker, (change, _) => confirm(change, either.Token), cancel))
            {
                return await KeepAsync(marker, cancel);
            }

            if (clock.Now >= end)
            {
                return await RollBackAsync(marker, "the coordinator did not confirm the change in time", cancel);
            }

            await Task.Delay(TryAgainAfter, time, cancel);
        }

        return EndOf(marker, "taken back");
    }

    /// <param name="isByHand">Another process waits for the end.</param>
    public async Task<TransactionEnd> KeepAsync(TransactionMarker marker, CancellationToken cancel, bool isByHand = false)
    {
        using (FileStream? held = files.TryLock())
        {
            if (held is null || !IsWaiting(marker.Id))
            {
                TransactionEnd end = EndOf(marker, "the answer came after the time limit");
                return end.RolledBackBecause is { } because ? new TransactionEnd(marker.Id, $"{RefusalCodes.TransactionExpired}: {because}") : end;
            }

            try
            {
                files.WriteMarker(marker with { Phase = TransactionPhase.Confirmed });
                if (isByHand)
                {
                    files.NoteKept(marker.Id); // for the process that waits
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Not on disk, so not kept: the next boot would take it back under the coordinator's feet.
                LogNotConfirmed(marker.Id, e.Message);
                held.Dispose();
                return await RollBackAsync(marker, $"the confirmation could not be written: {e.Message}", cancel);
            }
        }

        await script.StopTimerAsync(cancel);
        await FinishAsync(marker, cancel);
        LogConfirmed(marker.Id);
        return new TransactionEnd(marker.Id, null);
    }

    /// <summary>Of a change that is confirmed on disk.</summary>
    public async Task FinishAsync(TransactionMarker marker, CancellationToken cancel)
    {
        await links.For(marker.NetworkBackend).KeepAsync(marker, cancel);
        files.CleanUp(isKept: true);
    }

    /// <returns>With what the script found besides.</returns>
    public async Task<TransactionEnd> RollBackAsync(TransactionMarker marker, string reason, CancellationToken cancel)
    {
        await script.RollBackAsync(marker.Id, reason, cancel);
        await script.StopTimerAsync(cancel);
        return EndOf(marker, reason);
    }

    private bool IsWaiting(string id) => files.ReadMarker() is { Phase: TransactionPhase.Applied } waiting && waiting.Id == id;

    /// <summary>How a change ended, whoever ended it.</summary>
    private TransactionEnd EndOf(TransactionMarker marker, string otherwise)
    {
        // It is noted a moment after it is written.
        if (files.ReadMarker() is { Phase: TransactionPhase.Confirmed } confirmed && confirmed.Id == marker.Id || files.IsKept(marker.Id))
        {
            return new TransactionEnd(marker.Id, null);
        }

        string reason = files.ReadFailure() is { } failure && failure.Marker.Id == marker.Id ? failure.Reason : otherwise;
        LogRolledBack(marker.Id, reason);
        return new TransactionEnd(marker.Id, reason);
    }

    private async Task<bool> TryConfirmAsync(TransactionMarker marker, Func<TransactionMarker, CancellationToken, Task<bool>> confirm, CancellationToken cancel)
    {
        try
        {
            return await confirm(marker, cancel);
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            LogNotConfirmed(marker.Id, e.Message);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Network change {Transaction} is confirmed")]
    private partial void LogConfirmed(string transaction);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Network change {Transaction} is not confirmed yet: {Reason}")]
    private partial void LogNotConfirmed(string transaction, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Network change {Transaction} is taken back: {Reason}")]
    private partial void LogRolledBack(string transaction, string reason);
}

/// <param name="RolledBackBecause">Null when the change stays.</param>
internal sealed record TransactionEnd(string Id, string? RolledBackBecause);
