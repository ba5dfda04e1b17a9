using Microsoft.Extensions.Logging;

namespace RpiAgent.Agent.NodeConfig.Transaction;

/// <summary>
/// A change of address that cannot lose the node: marker on disk, independent timer, and only the coordinator's
/// answer to a call from the new address makes it stay (docs/decisions). Order matters; every line may be the last before a power cut.
/// </summary>
internal sealed partial class NetworkTransaction(
    AgentOptions options, TransactionFiles files, IfupdownLink link, TimeProvider time, ILogger<NetworkTransaction> logger)
{
    private const long MinimumFreeBytes = 1024 * 1024;
    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromSeconds(2);

    /// <summary>Ends what an agent before this one began: confirms it when the coordinator can be reached, else takes it back.</summary>
    public async Task<TransactionEnd?> ResumeAsync(Func<string, CancellationToken, Task<bool>> confirm, CancellationToken cancel)
    {
        if (files.ReadMarker() is not { } marker)
        {
            return null;
        }

        LogResumed(marker.Id, marker.Phase);
        switch (marker.Phase)
        {
            case TransactionPhase.Confirmed:
                files.CleanUp();
                return new TransactionEnd(marker.Id, null);
            case TransactionPhase.Applied:
                return await ConfirmAsync(marker, confirm, cancel);
            default:
                return await RollBackAsync(marker, "the agent was stopped while it made the change", cancel);
        }
    }

    /// <exception cref="RefusalException">Nothing was changed.</exception>
    public async Task<TransactionEnd> RunAsync(ChangeAddress change, Func<string, CancellationToken, Task<bool>> confirm, CancellationToken cancel)
    {
        await CheckPreconditionsAsync(change.Wish, cancel);
        string name = change.Wish.Interface;
        string kind = await link.KindAsync(name, cancel);
        TransactionMarker marker = new(
            Guid.NewGuid().ToString("N")[..12], name, "ifupdown", BootId(), TransactionPhase.Prepared, options.NetworkConfirmSeconds, "coordinator", change.ToString());
        files.Prepare(marker, kind, change.Files);
        try
        {
            await link.StartTimerAsync(marker.Id, marker.DeadlineSeconds, cancel);
        }
        catch (InvalidOperationException)
        {
            files.Sweep(change.Files.Keys);
            files.CleanUp();
            throw;
        }

        LogStarted(marker.Id, marker.Reason, marker.DeadlineSeconds);
        if (await SwitchAsync(marker, kind, change) is { } reason)
        {
            return await RollBackAsync(marker, reason, CancellationToken.None);
        }

        string? missing = await link.CheckLinkAsync(change.Wish, TimeSpan.FromSeconds(marker.DeadlineSeconds / 2.0), cancel);
        return missing is null ? await ConfirmAsync(marker, confirm, cancel) : await RollBackAsync(marker, missing, cancel);
    }

    /// <summary>Down, swap, up. An agent that is told to stop finishes this first: half-way there is no network.</summary>
    /// <returns>Null, or what went wrong.</returns>
    private async Task<string?> SwitchAsync(TransactionMarker marker, string kind, ChangeAddress change)
    {
        try
        {
            await link.DownAsync(marker.Interface, kind, CancellationToken.None);
            files.Swap(change.Files.Keys);
            files.WriteMarker(marker with { Phase = TransactionPhase.Applied });
            if (await link.CheckFilesAsync(marker.Interface, CancellationToken.None) is { } badFile)
            {
                return badFile;
            }

            await link.UpAsync(marker.Interface, kind, CancellationToken.None);
            return null;
        }
        catch (Exception e) when (e is InvalidOperationException or IOException)
        {
            return e.Message;
        }
    }

    private async Task CheckPreconditionsAsync(AddressWish wish, CancellationToken cancel)
    {
        string state = options.Under(options.StateDirectory);
        Directory.CreateDirectory(state);
        if (new DriveInfo(state).AvailableFreeSpace < MinimumFreeBytes)
        {
            throw new RefusalException(new Refusal(RefusalCodes.NoSpace, state, $"less than 1 MiB is free at {state}, so the old configuration cannot be kept; make room first"));
        }

        if (await link.IsAddressInUseAsync(wish, cancel))
        {
            throw new RefusalException(new Refusal(RefusalCodes.AddressInUse, wish.Interface, $"another machine on {wish.Interface} has {wish.Address}; take a free address"));
        }
    }

    private async Task<TransactionEnd> ConfirmAsync(TransactionMarker marker, Func<string, CancellationToken, Task<bool>> confirm, CancellationToken cancel)
    {
        long start = time.GetTimestamp();
        TimeSpan limit = TimeSpan.FromSeconds(marker.DeadlineSeconds);
        while (time.GetElapsedTime(start) < limit && files.ReadMarker()?.Id == marker.Id)
        {
            if (await TryConfirmAsync(marker.Id, confirm, cancel))
            {
                return await KeepAsync(marker, cancel);
            }

            await Task.Delay(TryAgainAfter, time, cancel);
        }

        if (files.ReadMarker()?.Id == marker.Id)
        {
            return await RollBackAsync(marker, "the coordinator did not confirm the change in time", cancel);
        }

        // The timer, or a person, was quicker.
        string reason = files.ReadFailure() ?? "taken back";
        LogRolledBack(marker.Id, reason);
        return new TransactionEnd(marker.Id, reason);
    }

    private async Task<bool> TryConfirmAsync(string id, Func<string, CancellationToken, Task<bool>> confirm, CancellationToken cancel)
    {
        try
        {
            return await confirm(id, cancel);
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            LogNotConfirmed(id, e.Message);
            return false;
        }
    }

    private async Task<TransactionEnd> KeepAsync(TransactionMarker marker, CancellationToken cancel)
    {
        using (FileStream? held = files.TryLock())
        {
            if (held is null || files.ReadMarker()?.Id != marker.Id)
            {
                return new TransactionEnd(marker.Id, $"{RefusalCodes.TransactionExpired}: the answer came after the time limit");
            }

            files.WriteMarker(marker with { Phase = TransactionPhase.Confirmed });
        }

        await link.StopTimerAsync(cancel);
        files.CleanUp();
        LogConfirmed(marker.Id);
        return new TransactionEnd(marker.Id, null);
    }

    private async Task<TransactionEnd> RollBackAsync(TransactionMarker marker, string reason, CancellationToken cancel)
    {
        LogRolledBack(marker.Id, reason);
        await link.RollBackAsync(marker.Id, reason, cancel);
        await link.StopTimerAsync(cancel);
        return new TransactionEnd(marker.Id, reason);
    }

    private string BootId()
    {
        string path = options.Under("/proc/sys/kernel/random/boot_id");
        return File.Exists(path) ? File.ReadAllText(path).Trim() : "";
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Network change {Transaction}: {Change}; taken back unless confirmed within {Seconds} s")]
    private partial void LogStarted(string transaction, string change, int seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Network change {Transaction} of an earlier agent is {Phase}; ending it")]
    private partial void LogResumed(string transaction, TransactionPhase phase);

    [LoggerMessage(Level = LogLevel.Information, Message = "Network change {Transaction} is confirmed")]
    private partial void LogConfirmed(string transaction);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Network change {Transaction} is not confirmed yet: {Reason}")]
    private partial void LogNotConfirmed(string transaction, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Network change {Transaction} is taken back: {Reason}")]
    private partial void LogRolledBack(string transaction, string reason);
}

/// <param name="RolledBackBecause">Null when the change stays.</param>
internal sealed record TransactionEnd(string Id, string? RolledBackBecause);
