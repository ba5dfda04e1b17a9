using Microsoft.Extensions.Logging;
using RpiAgent.Agent.NodeConfig.Transaction;

namespace RpiAgent.Agent.NodeConfig.DockerOptions;

/// <summary>
/// A change of the engine's options that cannot lose the engine: as a change of address, with a marker on disk and an independent timer,
/// but what makes it stay is the engine's own answer. Order matters; every line may be the last before a power cut.
/// </summary>
internal sealed partial class EngineTransaction(
    AgentOptions options, TransactionFiles files, RollbackScript script, EngineService engine, TimeProvider time, ILogger<EngineTransaction> logger)
{
    private const string Area = "docker";

    /// <summary>From the restart to the answer; with the way back it makes less than a minute.</summary>
    private static readonly TimeSpan AnswersWithin = TimeSpan.FromSeconds(35);
    private const int TimerSeconds = 45;

    public static EngineTransaction Create(AgentOptions options, ConfigFiles files, TimeProvider time, ILogger<EngineTransaction> logger)
    {
        CommandRunner commands = new(time);
        return new EngineTransaction(options, new TransactionFiles(options, files, Area), new RollbackScript(options, commands, Area), new EngineService(options, commands, time), time, logger);
    }

    /// <summary>
    /// Ends what an agent before this one began: keeps it when the engine runs with it, else takes it back. The engine is started anew for that:
    /// what answers may still be the engine with the old options, which was not restarted yet, or is just stopping.
    /// </summary>
    /// <exception cref="RefusalException">Another process makes a change just now.</exception>
    public async Task ResumeAsync(CancellationToken cancel)
    {
        using FileStream own = Own();
        switch (files.ReadMarker())
        {
            case null:
                files.Sweep();
                break;
            case { Phase: TransactionPhase.Confirmed }:
                files.CleanUp();
                break;
            case { Phase: TransactionPhase.Applied } marker:
                await TryAsync(marker);
                break;
            case { } marker:
                await RollBackAsync(marker, "the agent was stopped while it made the change", cancel);
                break;
        }
    }

    /// <returns>Null, or why the old options are back.</returns>
    /// <exception cref="RefusalException">Nothing was changed.</exception>
    public async Task<string?> RunAsync(ChangeDockerOptions change, CancellationToken cancel)
    {
        using FileStream own = Own();
        if (files.ReadMarker() is { } pending)
        {
            throw new RefusalException(new Refusal(RefusalCodes.TransactionPending, Area, $"change {pending.Id} of the engine's options is under way; try again in a minute"));
        }

        files.RefuseUnwritable(change.Files.Keys);
        TransactionMarker marker = new(Guid.NewGuid().ToString("N")[..12], Area, "engine", "", TransactionPhase.Prepared, TimerSeconds, "coordinator", change.ToString());
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
        files.Swap(change.Files.Keys);
        files.WriteMarker(marker with { Phase = TransactionPhase.Applied });
        return await TryAsync(marker);
    }

    /// <summary>An agent that is told to stop finishes this first: systemd gives it the time.</summary>
    private async Task<string?> TryAsync(TransactionMarker marker) => await engine.RestartAsync(AnswersWithin, CancellationToken.None) is { } words
        ? await RollBackAsync(marker, $"docker does not start with the new options ({words})", CancellationToken.None)
        : await KeepAsync(marker, CancellationToken.None);

    private FileStream Own() => files.TryOwn()
        ?? throw new RefusalException(new Refusal(RefusalCodes.TransactionPending, Area, "another process is about to change the engine's options; try again in a minute"));

    private async Task<string?> KeepAsync(TransactionMarker marker, CancellationToken cancel)
    {
        using (FileStream? held = files.TryLock())
        {
            if (held is null || files.ReadMarker() is not { Phase: TransactionPhase.Applied } waiting || waiting.Id != marker.Id)
            {
                return files.ReadFailure()?.Reason ?? "the answer of the engine came after the time limit";
            }

            files.WriteMarker(marker with { Phase = TransactionPhase.Confirmed });
        }

        await script.StopTimerAsync(cancel);
        files.CleanUp();
        LogKept(marker.Id);
        return null;
    }

    private async Task<string> RollBackAsync(TransactionMarker marker, string reason, CancellationToken cancel)
    {
        LogRolledBack(marker.Id, reason);
        long start = time.GetTimestamp();
        await script.RollBackAsync(marker.Id, reason, cancel);
        await script.StopTimerAsync(cancel);
        bool isBack = options.Root != "/";
        while (!isBack && time.GetElapsedTime(start) < AnswersWithin)
        {
            isBack = await engine.AnswersAsync(cancel);
            await Task.Delay(TimeSpan.FromMilliseconds(500), time, cancel);
        }

        return $"{reason}; the old options are back{(isBack ? " and it runs" : ", but it does not run with them either")}";
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Change {Transaction} of the engine's options: {Change}")]
    private partial void LogStarted(string transaction, string change);

    [LoggerMessage(Level = LogLevel.Information, Message = "Change {Transaction} of the engine's options stays: the engine runs")]
    private partial void LogKept(string transaction);

    [LoggerMessage(Level = LogLevel.Error, Message = "Change {Transaction} of the engine's options is taken back: {Reason}")]
    private partial void LogRolledBack(string transaction, string reason);
}
