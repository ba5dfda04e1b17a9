using Microsoft.Extensions.Logging;

namespace RpiAgent.Agent.NodeConfig.Transaction;

/// <summary>
/// A change of address that cannot lose the node: marker on disk, independent timer, and only the coordinator's
/// answer to a call from the new address makes it stay (docs/decisions). Order matters; every line may be the last before a power cut.
/// </summary>
internal sealed partial class NetworkTransaction(
    AgentOptions options, TransactionFiles files, RollbackScript script, NetworkLinks links, LinkProbe probe, BootClock clock, TimeProvider time, ILogger<NetworkTransaction> logger)
{
    private const string NotInTime = "the time limit passed before the new files were in place";

    private readonly NetworkVerdict _verdict = new(files, script, links, clock, time, logger);

    public UntoldFailure Untold { get; } = new(files);

    public static NetworkTransaction Create(AgentOptions options, ConfigFiles files, TimeProvider time, ILogger<NetworkTransaction> logger)
    {
        CommandRunner commands = new(time);
        RollbackScript script = new(options, commands);
        return new NetworkTransaction(options, new TransactionFiles(options, files), script, new NetworkLinks(options, commands, script), new LinkProbe(options, time, logger), new BootClock(options, time), time, logger);
    }

    /// <summary>Ends what an agent before this one began: confirms it when the coordinator can be reached, else takes it back.</summary>
    /// <exception cref="RefusalException">Another process makes a change just now.</exception>
    public async Task<TransactionEnd?> ResumeAsync(Func<TransactionMarker, CancellationToken, Task<bool>> confirm, CancellationToken cancel)
    {
        using FileStream own = Own();
        if (files.ReadMarker() is not { } marker)
        {
            files.Sweep();
            return null;
        }

        if (marker.Phase == TransactionPhase.Waiting && marker.BootId == clock.BootId)
        {
            return null;
        }

        LogResumed(marker.Id, marker.Phase);
        Untold.IsTold(marker);
        switch (marker.Phase)
        {
            case TransactionPhase.Confirmed:
                await _verdict.FinishAsync(marker, cancel);
                return new TransactionEnd(marker.Id, null);
            case TransactionPhase.Applied when await IsEnteredAsync(marker, cancel):
                return await _verdict.WaitAsync(marker, confirm, cancel);
            default:
                return await _verdict.RollBackAsync(marker, "the agent was stopped while it made the change", cancel);
        }
    }

    /// <exception cref="RefusalException">Nothing was changed.</exception>
    public async Task<TransactionEnd> RunAsync(ChangeAddress change, Func<TransactionMarker, CancellationToken, Task<bool>> confirm, CancellationToken cancel)
    {
        using FileStream own = Own();
        (TransactionMarker marker, string way) = await BeginAsync(change, TransactionPhase.Prepared, cancel);
        LogStarted(marker.Id, marker.Reason, marker.DeadlineSeconds);
        Untold.IsTold(marker);
        if (await SwitchAsync(marker, way, change) is { } reason)
        {
            return await _verdict.RollBackAsync(marker, reason, CancellationToken.None);
        }

        string? missing = await probe.CheckLinkAsync(change.Wish, TimeSpan.FromSeconds(marker.DeadlineSeconds / 2.0), cancel);
        return missing is null ? await _verdict.WaitAsync(marker, confirm, cancel) : await _verdict.RollBackAsync(marker, missing, cancel);
    }

    /// <summary>Leaves all in place until the next boot, which tries the change; unless it is confirmed then, the boot after that takes it back, as the timer does.</summary>
    /// <exception cref="RefusalException">Nothing was changed.</exception>
    public async Task RunAtBootAsync(ChangeAddress change, CancellationToken cancel)
    {
        using FileStream own = Own();
        (TransactionMarker marker, _) = await BeginAsync(change, TransactionPhase.Waiting, cancel);
        LogWaiting(marker.Id, marker.Reason);
    }

    /// <summary>Keeps the change that waits, from any process: a person's word in the coordinator's place.</summary>
    /// <exception cref="RefusalException">None waits, or its time is over.</exception>
    public async Task<string> ConfirmByHandAsync(CancellationToken cancel)
    {
        TransactionMarker? marker = files.ReadMarker();
        if (marker is not null and not { Phase: TransactionPhase.Applied })
        {
            throw new RefusalException(new Refusal(RefusalCodes.TransactionPending, marker.Interface, $"change {marker.Id} is {marker.Phase.ToString().ToLowerInvariant()}; try again in a few seconds"));
        }

        string? late = marker is null ? EndedInThisBoot() ?? "no change of the network is waiting" : (await _verdict.KeepAsync(marker, cancel, isByHand: true)).RolledBackBecause;
        return late is null ? marker!.Reason : throw new RefusalException(new Refusal(RefusalCodes.TransactionExpired, "", late));
    }

    private string? EndedInThisBoot() => files.ReadFailure() is { } failure && failure.Marker.BootId == clock.BootId ? failure.Reason : null;

    /// <summary>The change under way, for a second one that must not begin.</summary>
    public Refusal? RefusePending() => files.ReadMarker() is null ? null : Pending().Refusal;

    /// <summary>Held to the end of a change, so that no other process begins one or takes this one for an orphan.</summary>
    private FileStream Own() => files.TryOwn() ?? throw Pending();

    private RefusalException Pending() =>
        new(files.ReadMarker() is { } marker
            ? marker.Phase == TransactionPhase.Waiting
                ? new Refusal(RefusalCodes.TransactionPending, marker.Interface, $"change {marker.Id} ({marker.Reason}) waits for the next boot; restart this node, or 'rpi-agent network rollback'")
                : new Refusal(RefusalCodes.TransactionPending, marker.Interface, $"change {marker.Id} ({marker.Reason}) is under way and ends within {Remaining(marker)} s; wait for it, or 'rpi-agent network rollback'")
            : new Refusal(RefusalCodes.TransactionPending, "", "another process is about to change the network; try again in a few seconds"));

    private int Remaining(TransactionMarker marker) => (int)Math.Clamp(marker.StartedSeconds + marker.DeadlineSeconds - clock.Now, 0, marker.DeadlineSeconds);

    private async Task<(TransactionMarker Marker, string Way)> BeginAsync(ChangeAddress change, TransactionPhase phase, CancellationToken cancel)
    {
        if (files.ReadMarker() is not null)
        {
            throw Pending();
        }

        await CheckPreconditionsAsync(change, cancel);
        string way = await links.For(change.Backend).DescribeAsync(change, cancel);
        return (await PrepareAsync(change, way, phase, cancel), way);
    }

    /// <summary>All that the way back needs, on disk, and its timer running unless it waits for a boot. Nothing is left when it cannot be done.</summary>
    private async Task<TransactionMarker> PrepareAsync(ChangeAddress change, string way, TransactionPhase phase, CancellationToken cancel)
    {
        TransactionMarker marker = new(
            Guid.NewGuid().ToString("N")[..12], change.Wish.Interface, TransactionMarker.Word(change.Backend), clock.BootId, phase, options.NetworkConfirmSeconds, change.OrderedBy, change.ToString())
        {
            StartedSeconds = clock.Now,
            Address = change.Wish.Method == AddressMethod.Static ? change.Wish.Address.ToString() : "",
            Country = change.Wish.Wifi?.Country ?? "",
        };
        try
        {
            files.Prepare(marker, way, change.Files);
            if (await links.For(change.Backend).CheckFilesAsync(change, files.StagedOf, cancel) is { } badFile)
            {
                throw new RefusalException(new Refusal(RefusalCodes.Parse, change.Files.Keys.First(), badFile));
            }

            if (phase == TransactionPhase.Prepared)
            {
                await script.StartTimerAsync(marker.Id, marker.DeadlineSeconds, cancel);
            }

            return marker;
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or UnauthorizedAccessException or OperationCanceledException or RefusalException)
        {
            files.CleanUp();
            throw;
        }
    }

    /// <summary>Down, swap, up. An agent that is told to stop finishes this first: half-way there is no network.</summary>
    /// <returns>Null, or what went wrong.</returns>
    private async Task<string?> SwitchAsync(TransactionMarker marker, string way, ChangeAddress change)
    {
        INetworkLink link = links.For(change.Backend);
        try
        {
            // Slow hooks or a slow card may use up the limit: under the lock the way back cannot come in between, only before or after.
            using (FileStream? held = files.TryLock())
            {
                if (held is null || files.ReadMarker() is not { Phase: TransactionPhase.Prepared } prepared || prepared.Id != marker.Id)
                {
                    return NotInTime;
                }

                await link.LeaveAsync(change, way, marker.DeadlineSeconds, CancellationToken.None);
                files.Swap(change.Files.Keys);
                files.WriteMarker(marker with { Phase = TransactionPhase.Applied });
            }

            if (await link.CheckFilesAsync(change, path => path, CancellationToken.None) is { } badFile)
            {
                return badFile;
            }

            await link.EnterAsync(change, way, CancellationToken.None);
            return null;
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    private async Task CheckPreconditionsAsync(ChangeAddress change, CancellationToken cancel)
    {
        files.RefuseUnwritable(change.Files.Keys);
        if (await probe.IsAddressInUseAsync(change.Wish, cancel))
        {
            throw new RefusalException(new Refusal(RefusalCodes.AddressInUse, change.Wish.Interface, $"another machine on {change.Wish.Interface} has {change.Wish.Address}; take a free address"));
        }
    }

    /// <summary>Of a change that this process did not see through, or that the boot put in place: a radio or a DHCP server may take its time.</summary>
    private async Task<bool> IsEnteredAsync(TransactionMarker marker, CancellationToken cancel)
    {
        INetworkLink link = links.For(marker.NetworkBackend);
        if (marker.Country.Length > 0)
        {
            await script.LinkAsync(["radio", marker.Country], cancel);
        }

        double end = clock.Now + (marker.DeadlineSeconds / 2.0);
        while (!await link.IsEnteredAsync(marker.Interface, cancel))
        {
            if (clock.Now > end)
            {
                return false;
            }

            await Task.Delay(TimeSpan.FromSeconds(1), time, cancel);
        }

        return true;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Network change {Transaction}: {Change}; taken back unless confirmed within {Seconds} s")]
    private partial void LogStarted(string transaction, string change, int seconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "Network change {Transaction}: {Change}; waits for the next boot")]
    private partial void LogWaiting(string transaction, string change);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Network change {Transaction} of an earlier agent is {Phase}; ending it")]
    private partial void LogResumed(string transaction, TransactionPhase phase);
}
