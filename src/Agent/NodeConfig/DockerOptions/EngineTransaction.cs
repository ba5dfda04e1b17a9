using Microsoft.Extensions.Logging;
using RpiAgent.Agent.NodeConfig.Transaction;

namespace RpiAgent.Agent.NodeConfig.DockerOptions;

/// <summary>
/// A change of the engine's options that cannot lose the engine: as a change of address, with a marker on disk and an independent timer,
/// but what makes it stay is the engine's own answer. Order matters; every line may be the last before a power cut.
/// </summary>
internal sealed partial class EngineTransaction(
    AgentOptions options, TransactionFiles files, RollbackScript script, EngineService engine, EngineProbe probe, TimeProvider time, ILogger<EngineTransaction> logger)
{
    /// <summary>Of the state directory.</summary>
    public const string Area = "docker";

    /// <summary>From the start of the new engine to its answer; with the stop of the old one and the way back it makes less than a minute.</summary>
    private static readonly TimeSpan AnswersWithin = TimeSpan.FromSeconds(35);
    private const int TimerSeconds = 45;
    private const int ReadTries = 3;

    private readonly FailedChange _failed = new(options);
    private readonly BootClock _clock = new(options, time);

    public UntoldFailure Untold { get; } = new(files);

    public static EngineTransaction Create(AgentOptions options, ConfigFiles files, TimeProvider time, ILogger<EngineTransaction> logger)
    {
        CommandRunner commands = new(time);
        EngineProbe probe = new(options);
        return new EngineTransaction(options, new TransactionFiles(options, files, Area), new RollbackScript(options, commands, Area), new EngineService(options, commands, probe, time), probe, time, logger);
    }

    /// <summary>
    /// Ends what an agent before this one began: keeps it when the engine runs with it, else takes it back. The engine is started anew for that:
    /// what answers may still be the engine with the old options, which was not restarted yet, or is just stopping.
    /// </summary>
    /// <returns>Null, or why that change was taken back now.</returns>
    /// <exception cref="RefusalException">Another process makes a change just now.</exception>
    public async Task<string?> ResumeAsync(CancellationToken cancel)
    {
        using FileStream own = Own();
        switch (files.ReadMarker())
        {
            case null:
                files.Sweep();
                return null;
            case { Phase: TransactionPhase.Confirmed }:
                files.CleanUp();
                return null;
            case { Phase: TransactionPhase.Applied } marker:
                Untold.IsTold(marker);
                return await TryAsync(marker);
            case { } marker:
                Untold.IsTold(marker);
                return await RollBackAsync(marker, "the agent was stopped while it made the change", cancel);
        }
    }

    /// <param name="orderedBy">Known again by it when a timer or a boot takes the change back.</param>
    /// <param name="triesWhatFailed">Also a change that was tried before and found not to work.</param>
    /// <returns>Null, or why the old options are back.</returns>
    /// <exception cref="RefusalException">Nothing was changed.</exception>
    public async Task<string?> RunAsync(ChangeDockerOptions change, string orderedBy, bool triesWhatFailed, CancellationToken cancel)
    {
        using FileStream own = Own();
        if (files.ReadMarker() is { } pending)
        {
            throw new RefusalException(new Refusal(RefusalCodes.TransactionPending, Area, $"change {pending.Id} of the engine's options is under way; try again in a minute"));
        }

        string digest = FailedChange.DigestOf(change.Files);
        if (!triesWhatFailed && _failed.WhyNot(digest) is { } known)
        {
            return known;
        }

        files.RefuseUnwritable(change.Files.Keys);
        TransactionMarker marker = new(Guid.NewGuid().ToString("N")[..12], Area, "engine", _clock.BootId, TransactionPhase.Prepared, TimerSeconds, orderedBy, change.ToString())
        {
            Digest = digest,
            Engine = await ReadContentsAsync(cancel),
        };
        try
        {
            files.Prepare(marker, "engine docker.service", change.Files);
            await script.StartTimerAsync(marker.Id, TimerSeconds, cancel);
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            files.CleanUp();
            throw;
        }

        LogStarted(marker.Id, marker.Reason);
        Untold.IsTold(marker);
        files.Swap(change.Files.Keys);
        files.WriteMarker(marker with { Phase = TransactionPhase.Applied });
        return await TryAsync(marker);
    }

    /// <summary>An agent that is stopped in the middle of it leaves the marker: the next one comes back to it, or the timer takes it back.</summary>
    private async Task<string?> TryAsync(TransactionMarker marker)
    {
        if (await WhyNotAsync(marker) is not { } wrong)
        {
            return await KeepAsync(marker, CancellationToken.None);
        }

        string reason = await RollBackAsync(marker, wrong, CancellationToken.None);
        try
        {
            _failed.Note(marker.Digest, reason);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotNoted(marker.Id, e.Message); // so it may be tried once more
        }

        return reason;
    }

    /// <returns>Null when the engine runs with its new options and has what it had.</returns>
    private async Task<string?> WhyNotAsync(TransactionMarker marker)
    {
        if (await engine.RestartAsync(AnswersWithin, () => RenewTimerAsync(marker), CancellationToken.None) is { } words)
        {
            return $"docker does not start with the new options ({words})";
        }

        // One that ran before and told nothing has nothing to be compared with.
        return marker.Engine is not { } before ? null
            : await ReadContentsAsync(CancellationToken.None) is not { } now ? "docker started with the new options, but does not say what it has"
            : before.MissingIn(now) is { } missing ? $"docker started with the new options {missing}"
            : null;
    }

    /// <summary>A busy card may make it late once, or twice.</summary>
    /// <returns>Null when the engine does not answer.</returns>
    private async Task<EngineContents?> ReadContentsAsync(CancellationToken cancel)
    {
        for (int tried = 1; ; tried++)
        {
            EngineContents? contents = await probe.ReadContentsAsync(cancel);
            if (contents is not null || tried == ReadTries || !await probe.AnswersAsync(cancel))
            {
                return contents;
            }
        }
    }

    /// <summary>It counts from the start of the engine, for which the old one had to stop.</summary>
    private async Task RenewTimerAsync(TransactionMarker marker)
    {
        try
        {
            await script.StartTimerAsync(marker.Id, TimerSeconds, CancellationToken.None);
        }
        catch (InvalidOperationException e)
        {
            LogNoTimer(marker.Id, e.Message); // we are here to take it back, and so is the next agent
        }
    }

    private FileStream Own() => files.TryOwn()
        ?? throw new RefusalException(new Refusal(RefusalCodes.TransactionPending, Area, "another process is about to change the engine's options; try again in a minute"));

    private async Task<string?> KeepAsync(TransactionMarker marker, CancellationToken cancel)
    {
        using (FileStream? held = files.TryLock())
        {
            if (held is null || files.ReadMarker() is not { Phase: TransactionPhase.Applied } waiting || waiting.Id != marker.Id)
            {
                return files.ReadFailure() is { } failure && failure.Marker.Id == marker.Id ? failure.Reason : "the answer of the engine came after the time limit";
            }

            files.WriteMarker(marker with { Phase = TransactionPhase.Confirmed });
        }

        await script.StopTimerAsync(cancel);
        files.CleanUp();
        _failed.Forget();
        LogKept(marker.Id);
        return null;
    }

    private async Task<string> RollBackAsync(TransactionMarker marker, string reason, CancellationToken cancel)
    {
        LogRolledBack(marker.Id, reason);
        long start = time.GetTimestamp();
        await script.RollBackAsync(marker.Id, reason, cancel);
        await script.StopTimerAsync(cancel);
        bool isBack = options.Root != "/" || await probe.AnswersAsync(cancel);
        while (!isBack && time.GetElapsedTime(start) < AnswersWithin)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500), time, cancel);
            isBack = await probe.AnswersAsync(cancel);
        }

        return $"{reason}; the old options are back{(isBack ? " and it runs" : ", but it does not run with them either")}";
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Change {Transaction} of the engine's options: {Change}")]
    private partial void LogStarted(string transaction, string change);

    [LoggerMessage(Level = LogLevel.Information, Message = "Change {Transaction} of the engine's options stays: the engine runs")]
    private partial void LogKept(string transaction);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The timer of change {Transaction} of the engine's options could not be renewed: {Reason}")]
    private partial void LogNoTimer(string transaction, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "It is not remembered that change {Transaction} of the engine's options does not work: {Reason}")]
    private partial void LogNotNoted(string transaction, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Change {Transaction} of the engine's options is taken back: {Reason}")]
    private partial void LogRolledBack(string transaction, string reason);
}
