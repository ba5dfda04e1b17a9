namespace RpiAgent.Agent.NodeConfig.Transaction;

/// <summary>
/// net-rollback.sh and net-link.sh, run by systemd: what they start must live outside of the agent's control group and sandbox,
/// or the agent's next restart ends the network. In a folder of files only the way back does something.
/// </summary>
/// <param name="area">Of the state directory, as in <see cref="TransactionFiles"/>.</param>
internal sealed class RollbackScript(AgentOptions options, CommandRunner commands, string area = "net")
{
    public const string ScriptPath = "/usr/lib/rpi-agent/net-rollback.sh";
    private const string LinkScriptPath = "/usr/lib/rpi-agent/net-link.sh";
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(150);

    private bool IsFolder => options.Root != "/";

    private string TimerUnit => $"rpi-agent-{area}-timer";

    /// <summary>Starts the timer that takes the change back whatever becomes of the agent. Monotonic.</summary>
    public async Task StartTimerAsync(string id, int seconds, CancellationToken cancel)
    {
        // A timer or a failed service of that name would keep the new one from starting.
        await StopTimerAsync(cancel);
        await SystemdRunAsync([$"--unit={TimerUnit}", $"--on-active={seconds}", "--timer-property=AccuracySec=1s", ScriptPath, "timer", id], Short, cancel);
    }

    public async Task StopTimerAsync(CancellationToken cancel)
    {
        if (!IsFolder)
        {
            await commands.RunAsync("systemctl", ["stop", $"{TimerUnit}.timer"], Short, cancel);
            await commands.RunAsync("systemctl", ["reset-failed", $"{TimerUnit}.timer", $"{TimerUnit}.service"], Short, cancel);
        }
    }

    public async Task RollBackAsync(string id, string reason, CancellationToken cancel)
    {
        if (!IsFolder)
        {
            await WaitAsync([ScriptPath, "now", id, reason], cancel);
            return;
        }

        string[] environment = [$"RPI_AGENT_NET={options.State(area)}", $"RPI_AGENT_RUN={options.Under(options.RunDirectory)}", "RPI_AGENT_LINK=no"];
        (await commands.RunAsync("env", [.. environment, options.Under(ScriptPath), "now", id, reason], Long, cancel)).OrThrow();
    }

    /// <summary>One verb of net-link.sh.</summary>
    public Task LinkAsync(string[] arguments, CancellationToken cancel) => WaitAsync([LinkScriptPath, .. arguments], cancel);

    private Task WaitAsync(string[] command, CancellationToken cancel) =>
        SystemdRunAsync(["--wait", "--collect", "--pipe", "--service-type=oneshot", "-p", "KillMode=process", .. command], Long, cancel);

    private async Task SystemdRunAsync(string[] arguments, TimeSpan limit, CancellationToken cancel)
    {
        if (!IsFolder)
        {
            (await commands.RunAsync("systemd-run", ["--quiet", $"--setenv=RPI_AGENT_NET={options.State(area)}", .. arguments], limit, cancel)).OrThrow();
        }
    }
}
