using System.Globalization;
using System.Net.NetworkInformation;
using Xunit;

namespace RpiAgent.Tests.EndToEnd.Support;

/// <summary>A board with the agent on its card, in no cluster, whose address was set by hand.</summary>
public sealed class LooseBoard(string name, string network, Backend backend)
{
    /// <summary>Seconds in which a change must be confirmed.</summary>
    public const int Limit = 30;

    /// <summary>The address it is to have.</summary>
    public required string Current { get; set; }

    public string Address(int host) => string.Create(CultureInfo.InvariantCulture, $"{network}.{host}");

    public static async Task<LooseBoard> PowerOnAsync(string name, int host, Backend backend)
    {
        await VirtualCluster.DoAsync("loose", name, "--os", backend.System);
        string[] words = (await VirtualCluster.ShellAsync(name, "until ip -4 -br addr show eth0 | grep -q /24; do sleep 0.2; done; ip -4 -br addr show eth0")).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string network = words[2][..words[2].LastIndexOf('.')];
        LooseBoard board = new(name, network, backend) { Current = $"{network}.{host}" };
        await board.ShellAsync("systemctl disable --now rpi-agent.service 2>/dev/null"); // it waits for a boot file; here a person has the word
        await VirtualCluster.ShellAsync(name, $"(for i in $(seq 100); do rpi-agent network confirm >/dev/null 2>&1 && break; sleep 0.2; done) & rpi-agent network set --iface eth0 --method static --address {board.Current}/24 --gateway {network}.1 --dns {network}.1 --within {Limit} && wait");
        Assert.Null(await board.WhyNotAsOldAsync());
        return board;
    }

    public async Task PowerOnAsync()
    {
        await VirtualCluster.DoAsync("start", name);
        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(60), async () =>
            (await VirtualCluster.TryAsync(TimeSpan.FromSeconds(10), "exec", name, "systemctl", "is-system-running")).Output.Trim() is var state and not "running" and not "degraded" ? $"{name} is {state}" : null);
    }

    public Task CutPowerAsync() => VirtualCluster.DoAsync("kill", name);

    public Task<string> ShellAsync(string command) => VirtualCluster.ShellAsync(name, command);

    /// <summary>A command that the power cut may end.</summary>
    public async Task<string> TryShellAsync(string command) => (await VirtualCluster.TryAsync(TimeSpan.FromMinutes(2), "exec", name, "sh", "-c", command)) is var result ? result.Output + result.Errors : "";

    public Task<string> SetAsync(string address, string? gateway) =>
        TryShellAsync($"rpi-agent network set --iface eth0 --method static --address {address}/24 {(gateway is null ? "" : $"--gateway {gateway}")} --within {Limit}");

    public Task WaitForMarkerAsync(string phase, int thenMilliseconds = 0) =>
        ShellAsync(string.Create(CultureInfo.InvariantCulture, $"for i in $(seq 1000); do grep -q '\"{phase}\"' /var/lib/rpi-agent/net/txn.json 2>/dev/null && break; sleep 0.02; done; sleep {thenMilliseconds / 1000.0}"));

    public Task<string?> WhyNotAsOldAsync() => WhyNotAsync(Current);

    /// <summary>Null when the file says this address, it answers from outside, and nothing is left of any change.</summary>
    public async Task<string?> WhyNotAsync(string address)
    {
        string found = await ShellAsync($"{backend.ShowAddress}; find /etc /var/lib/rpi-agent -name '.*.rpi-*' -o -path '*/net/txn*'; systemctl list-units --no-legend 'rpi-agent-net-timer.*'");
        if (found.Trim() != $"address {address}")
        {
            return $"{name}: {found}";
        }

        using Ping ping = new();
        PingReply reply = await ping.SendPingAsync(address, TimeSpan.FromSeconds(1));
        return reply.Status == IPStatus.Success ? null : $"{address} does not answer: {reply.Status}";
    }
}

/// <param name="System">As deploy/try.sh calls it.</param>
/// <param name="Folder">Where its files are.</param>
/// <param name="ShowAddress">Prints what they say of eth0.</param>
public sealed record Backend(string System, string Folder, string ShowAddress)
{
    public static readonly Backend Ifupdown = new("debian-12", "/etc/network", "grep -h '^ *address' /etc/network/interfaces");
    public static readonly Backend NetworkManager = new(
        "debian-13", "/etc/NetworkManager/system-connections", @"sed -n 's|^address1=\([0-9.]*\).*|address \1|p' /etc/NetworkManager/system-connections/rpi-agent-eth0.nmconnection");
}
