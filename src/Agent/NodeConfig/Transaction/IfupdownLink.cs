using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace RpiAgent.Agent.NodeConfig.Transaction;

/// <summary>
/// Takes an interface of ifupdown down and up through systemd: a DHCP client that ifup starts must live outside
/// of the agent's control group and sandbox, or the agent's next restart ends the network. In a folder of files it does nothing.
/// </summary>
internal sealed class IfupdownLink(AgentOptions options, CommandRunner commands, TimeProvider time)
{
    public const string ScriptPath = "/usr/lib/rpi-agent/net-rollback.sh";
    private const string TimerUnit = "rpi-agent-net-timer";
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(150);

    private readonly IfupdownGate _gate = new(options, commands);

    private bool IsFolder => options.Root != "/";

    /// <summary><c>hotplug</c> when udev starts the interface as ifup@NAME.service, else <c>auto</c>.</summary>
    public async Task<string> KindAsync(string name, CancellationToken cancel) =>
        !IsFolder && (await commands.RunAsync("systemctl", ["is-active", $"ifup@{name}.service"], Short, cancel)).Output.Trim() == "active" ? "hotplug" : "auto";

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

    public Task DownAsync(string name, string kind, CancellationToken cancel) => ScriptAsync(["link-down", name, kind], cancel);

    public Task UpAsync(string name, string kind, CancellationToken cancel) => ScriptAsync(["link-up", name, kind], cancel);

    public async Task RollBackAsync(string id, string reason, CancellationToken cancel)
    {
        if (!IsFolder)
        {
            await ScriptAsync(["now", id, reason], cancel);
            return;
        }

        string[] environment = [$"RPI_AGENT_NET={options.State("net")}", $"RPI_AGENT_RUN={options.Under(options.RunDirectory)}", "RPI_AGENT_LINK=no"];
        (await commands.RunAsync("env", [.. environment, options.Under(ScriptPath), "now", id, reason], Long, cancel)).OrThrow();
    }

    /// <summary>ifupdown's own opinion of the new files.</summary>
    /// <param name="file">The main file, or the version of it that waits beside it.</param>
    /// <returns>Null when it takes them.</returns>
    public async Task<string?> CheckFilesAsync(string name, string file, CancellationToken cancel) =>
        IsFolder ? null : await _gate.RefuseAsync(name, file, cancel);

    /// <summary>Duplicate address detection (RFC 5227) with arping, where it is installed.</summary>
    public async Task<bool> IsAddressInUseAsync(AddressWish wish, CancellationToken cancel)
    {
        if (IsFolder || wish.Method != AddressMethod.Static || Addresses(wish.Interface).Contains(wish.Address.ToString()))
        {
            return false;
        }

        CommandResult probe = await commands.RunAsync("arping", ["-D", "-q", "-I", wish.Interface, "-c", "3", "-w", "5", wish.Address.ToString()], Short, cancel);
        return probe.ExitCode == 1 && probe.Error.Trim().Length == 0;
    }

    /// <summary>Waits until the wished address is there and the gateway answers.</summary>
    /// <returns>Null when all is well, else what is missing.</returns>
    public async Task<string?> CheckLinkAsync(AddressWish wish, TimeSpan limit, CancellationToken cancel)
    {
        long start = time.GetTimestamp();
        string? missing = IsFolder ? null : "";
        while (missing is not null)
        {
            missing = await FindMissingAsync(wish, cancel);
            if (missing is null || time.GetElapsedTime(start) > limit)
            {
                break;
            }

            await Task.Delay(TimeSpan.FromSeconds(1), time, cancel);
        }

        return missing;
    }

    private async Task<string?> FindMissingAsync(AddressWish wish, CancellationToken cancel)
    {
        string[] present = Addresses(wish.Interface);
        bool isThere = wish.Method == AddressMethod.Static ? present.Contains(wish.Address.ToString()) : present.Any(address => !address.StartsWith("169.254.", StringComparison.Ordinal));
        if (!isThere)
        {
            return $"{wish.Interface} has the addresses [{string.Join(", ", present)}], not the wished one";
        }

        if (wish.Gateway is not { } gateway)
        {
            return null;
        }

        CommandResult probe = await commands.RunAsync("arping", ["-q", "-I", wish.Interface, "-c", "1", "-w", "2", gateway.ToString()], Short, cancel);
        return probe.ExitCode == 1 ? $"the gateway {gateway} does not answer on {wish.Interface}" : null;
    }

    private static string[] Addresses(string name) =>
        [.. NetworkInterface.GetAllNetworkInterfaces().Where(item => item.Name == name)
            .SelectMany(item => item.GetIPProperties().UnicastAddresses)
            .Where(address => address.Address.AddressFamily == AddressFamily.InterNetwork)
            .Select(address => address.Address.ToString())];

    private Task ScriptAsync(string[] arguments, CancellationToken cancel) =>
        SystemdRunAsync(["--wait", "--collect", "--pipe", "--service-type=oneshot", "-p", "KillMode=process", ScriptPath, .. arguments], Long, cancel);

    private async Task SystemdRunAsync(string[] arguments, TimeSpan limit, CancellationToken cancel)
    {
        if (!IsFolder)
        {
            (await commands.RunAsync("systemd-run", ["--quiet", .. arguments], limit, cancel)).OrThrow();
        }
    }
}
