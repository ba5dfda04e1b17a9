using System.Diagnostics;
using System.Globalization;
using RpiAgent.Tests.EndToEnd.Support;
using Xunit;

namespace RpiAgent.Tests.EndToEnd;

/// <summary>A change of address on a Pi with real systemd, with ifupdown or NetworkManager, on a board of its own beside the cluster: whatever goes wrong, it is reachable as before.</summary>
[Collection<Alone>]
public class NetworkTransactionTests
{
    private const int Limit = LooseBoard.Limit;

    /// <summary>What the way back itself may take beyond the limit.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    [Fact]
    public Task Whatever_goes_wrong_the_old_address_answers_within_the_limit_and_10_seconds_and_the_reason_is_told() =>
        Task.WhenAll(GoesWrongAsync("matrix", 180, Backend.Ifupdown), GoesWrongAsync("matrix13", 190, Backend.NetworkManager));

    private static async Task GoesWrongAsync(string name, int host, Backend backend)
    {
        LooseBoard board = await LooseBoard.PowerOnAsync(name, host, backend);
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
    private static async Task EndsAsOldAsync(LooseBoard board, string reason, Func<Task<string>> change)
    {
        Stopwatch watch = Stopwatch.StartNew();
        string said = await change();
        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(Limit) + Grace - watch.Elapsed, board.WhyNotAsOldAsync);
        string status = await board.ShellAsync("rpi-agent network status");
        Assert.True(status.Contains(reason, StringComparison.Ordinal), $"{said}\n{status}");
    }
}
