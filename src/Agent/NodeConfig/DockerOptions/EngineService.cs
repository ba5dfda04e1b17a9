namespace RpiAgent.Agent.NodeConfig.DockerOptions;

/// <summary>The engine as a service of systemd.</summary>
internal sealed class EngineService(AgentOptions options, CommandRunner commands, EngineProbe probe, TimeProvider time)
{
    private const string Unit = "docker.service";
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(15);

    /// <summary>For the old one: it gives its containers 10 s, and itself 15. Then it is killed.</summary>
    private static readonly TimeSpan StopsWithin = TimeSpan.FromSeconds(17);

    /// <summary>Starts it anew with the options of now.</summary>
    /// <param name="limit">From the start of the new main process to its answer.</param>
    /// <param name="started">Called at that start.</param>
    /// <returns>Null when the engine answers, else its last words.</returns>
    public async Task<string?> RestartAsync(TimeSpan limit, Func<Task> started, CancellationToken cancel)
    {
        if (options.Root != "/")
        {
            return null;
        }

        // The unit allows three starts a minute.
        await commands.RunAsync("systemctl", ["daemon-reload"], Short, cancel);
        await commands.RunAsync("systemctl", ["reset-failed", Unit], Short, cancel);
        string old = await MainProcessAsync(cancel);
        long begun = time.GetTimestamp();
        long? start = null;
        bool isKilled = false;
        Task<CommandResult> restart = commands.RunAsync("systemctl", ["restart", Unit], StopsWithin + limit + Short, cancel);
        while (!restart.IsCompleted || (await restart).Succeeded)
        {
            if (start is null && await MainProcessAsync(cancel) is var now && now != old && now is not ("" or "0"))
            {
                start = time.GetTimestamp();
                await started();
            }

            if (start is { } since && await probe.AnswersAsync(cancel))
            {
                await restart;
                return null;
            }

            if (start is { } counted ? time.GetElapsedTime(counted) > limit : restart.IsCompleted && time.GetElapsedTime(begun) > StopsWithin + limit)
            {
                break;
            }

            if (start is null && !isKilled && time.GetElapsedTime(begun) > StopsWithin)
            {
                isKilled = true;
                await commands.RunAsync("systemctl", ["kill", "--kill-who=main", "--signal=KILL", Unit], Short, cancel);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(500), time, cancel);
        }

        // Its own words, without those of systemd.
        CommandResult log = await commands.RunAsync("journalctl", [$"_SYSTEMD_UNIT={Unit}", "-n", "5", "-o", "cat", "--no-pager"], Short, cancel);
        string last = string.Join(" | ", log.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        return !restart.IsCompleted || (await restart).Succeeded ? $"no answer within {limit.TotalSeconds:0} s; its last words: {last}"
            : last.Length > 0 ? last : (await restart).Error.Trim();
    }

    private async Task<string> MainProcessAsync(CancellationToken cancel) =>
        (await commands.RunAsync("systemctl", ["show", "--property=MainPID", "--value", Unit], Short, cancel)).Output.Trim();
}
