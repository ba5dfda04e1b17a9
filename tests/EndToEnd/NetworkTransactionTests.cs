using System.Diagnostics;
using System.Globalization;
using System.Net.NetworkInformation;
using RpiAgent.Tests.EndToEnd.Support;
using Xunit;

namespace RpiAgent.Tests.EndToEnd;

/// <summary>A change of address on a Pi with real systemd, with ifupdown or NetworkManager, on a board of its own beside the cluster: whatever goes wrong, it is reachable as before.</summary>
[Collection<Alone>]
public class NetworkTransactionTests
{
    private const int Limit = 30;

    /// <summary>What the way back itself may take beyond the limit.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    [Fact]
    public Task Whatever_goes_wrong_the_old_address_answers_within_the_limit_and_10_seconds_and_the_reason_is_told() =>
        Task.WhenAll(GoesWrongAsync("matrix", 180, Backend.Ifupdown), GoesWrongAsync("matrix13", 190, Backend.NetworkManager));

    private static async Task GoesWrongAsync(string name, int host, Backend backend)
    {
        Board board = await Board.PowerOnAsync(name, host, backend);
        string other = board.Address(host + 1), folder = backend.Folder;

        // Refused before anything is touched.
        Assert.Contains("E_ADDRESS_IN_USE", await board.SetAsync(board.Address(2), board.Address(1)), StringComparison.Ordinal);
        await board.ShellAsync($"mount --bind {folder} {folder} && mount -o remount,bind,ro {folder}");
        Assert.Contains("E_READONLY_ROOT", await board.SetAsync(other, board.Address(1)), StringComparison.Ordinal);
        await board.ShellAsync($"umount {folder}");
        await board.ShellAsync("mkdir -p /tmp/full && mount -t tmpfs -o size=512k full /var/lib/rpi-agent");
        Assert.Contains("E_NO_SPACE", await board.SetAsync(other, board.Address(1)), StringComparison.Ordinal);
        await board.ShellAsync("umount /var/lib/rpi-agent");
        Assert.Null(await board.WhyNotAsOldAsync());

        // A gateway that does not answer: taken back after half of the limit.
        await EndsAsOldAsync(board, "the gateway", () => board.SetAsync(other, board.Address(99)));

        // A wrong network, and nobody who confirms.
        await EndsAsOldAsync(board, "did not confirm", () => board.SetAsync(string.Create(CultureInfo.InvariantCulture, $"10.99.0.{host}"), null));

        // The agent is killed while it waits; a second change meanwhile is refused.
        await EndsAsOldAsync(board, "did not confirm", async () =>
        {
            Task<string> change = board.SetAsync(other, board.Address(1));
            await board.WaitForMarkerAsync("applied");
            string second = await board.SetAsync(board.Address(host + 2), board.Address(1));
            Assert.Contains("E_TXN_PENDING", second, StringComparison.Ordinal);
            await board.TryShellAsync("kill -9 $(pgrep -f '[r]pi-agent network set')");
            return await change;
        });
        Assert.Contains("E_TXN_EXPIRED", await board.ShellAsync("rpi-agent network confirm 2>&1 || true"), StringComparison.Ordinal);

        // The disk fills up while the change waits: the way back needs no room.
        await EndsAsOldAsync(board, "taken back by hand", async () =>
        {
            await board.ShellAsync($"mount -t tmpfs -o size=2m small /mnt && mkdir /mnt/state && cp -a {folder} /mnt/folder && mount --bind /mnt/folder {folder} && mount --bind /mnt/state /var/lib/rpi-agent");
            Task<string> change = board.SetAsync(other, board.Address(1));
            await board.WaitForMarkerAsync("applied");
            await board.ShellAsync("cat /dev/zero >/mnt/ballast 2>/dev/null || true");
            await board.ShellAsync("rpi-agent network rollback");
            return await change;
        });
    }

    /// <summary>From the order to the old address answering again; then nothing is left over and the reason is told.</summary>
    private static async Task EndsAsOldAsync(Board board, string reason, Func<Task<string>> change)
    {
        Stopwatch watch = Stopwatch.StartNew();
        string said = await change();
        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(Limit) + Grace - watch.Elapsed, board.WhyNotAsOldAsync);
        string status = await board.ShellAsync("rpi-agent network status");
        Assert.True(status.Contains(reason, StringComparison.Ordinal), $"{said}\n{status}");
    }

    /// <summary>The power goes at twenty moments between the marker and the end of the change; in half of them the change is confirmed meanwhile.</summary>
    [Fact]
    public Task A_pi_whose_power_was_cut_during_a_change_boots_with_the_old_or_the_confirmed_new_address() =>
        Task.WhenAll(CutAgainAndAgainAsync("cuta", 184, isConfirmed: false), CutAgainAndAgainAsync("cutb", 187, isConfirmed: true));

    private static async Task CutAgainAndAgainAsync(string name, int first, bool isConfirmed)
    {
        const int cuts = 10;
        Board board = await Board.PowerOnAsync(name, first, Backend.Ifupdown);
        for (int i = 0; i < cuts; i++)
        {
            string next = board.Address(first + 1 + (i % 2));
            Task<string> change = isConfirmed
                ? board.TryShellAsync($"(until rpi-agent network confirm; do sleep 0.1; done) >/dev/null 2>&1 & rpi-agent network set --iface eth0 --method static --address {next}/24 --gateway {board.Address(1)} --within {Limit}")
                : board.SetAsync(next, board.Address(1));
            await board.WaitForMarkerAsync("prepared", i * 250);
            await board.CutPowerAsync();
            await change;
            await board.PowerOnAsync();
            await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(20), async () =>
            {
                string? asOld = await board.WhyNotAsOldAsync();
                if (asOld is not null && isConfirmed && await board.WhyNotAsync(next) is null)
                {
                    board.Current = next;
                    return null;
                }

                return asOld;
            });
        }
    }

    /// <summary>A board with the agent on its card, in no cluster, whose address was set by hand.</summary>
    private sealed class Board(string name, string network, Backend backend)
    {
        public required string Current { get; set; }

        public string Address(int host) => string.Create(CultureInfo.InvariantCulture, $"{network}.{host}");

        public static async Task<Board> PowerOnAsync(string name, int host, Backend backend)
        {
            await VirtualCluster.DoAsync("loose", name, "--os", backend.System);
            string[] words = (await VirtualCluster.ShellAsync(name, "until ip -4 -br addr show eth0 | grep -q /24; do sleep 0.2; done; ip -4 -br addr show eth0")).Split(' ', StringSplitOptions.RemoveEmptyEntries);
            string network = words[2][..words[2].LastIndexOf('.')];
            Board board = new(name, network, backend) { Current = $"{network}.{host}" };
            await board.ShellAsync("systemctl disable --now rpi-agent.service 2>/dev/null"); // it waits for a boot file; here a person has the word
            await VirtualCluster.ShellAsync(name, $"(for i in $(seq 100); do rpi-agent network confirm >/dev/null 2>&1 && break; sleep 0.2; done) & rpi-agent network set --iface eth0 --method static --address {board.Current}/24 --gateway {network}.1 --dns {network}.1 --within {Limit} && wait");
            Assert.Null(await board.WhyNotAsOldAsync());
            return board;
        }

        public async Task PowerOnAsync()
        {
            await VirtualCluster.DoAsync("start", name);
            await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(30), async () =>
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
    private sealed record Backend(string System, string Folder, string ShowAddress)
    {
        public static readonly Backend Ifupdown = new("debian-12", "/etc/network", "grep -h '^ *address' /etc/network/interfaces");
        public static readonly Backend NetworkManager = new(
            "debian-13", "/etc/NetworkManager/system-connections", @"sed -n 's|^address1=\([0-9.]*\).*|address \1|p' /etc/NetworkManager/system-connections/rpi-agent-eth0.nmconnection");
    }
}
