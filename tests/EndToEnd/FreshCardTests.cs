using System.Text.Json;
using RpiAgent.Tests.EndToEnd.Support;
using Xunit;

namespace RpiAgent.Tests.EndToEnd;

/// <summary>A board whose card knows nothing but what <c>rpictl card prepare</c> wrote; it has no coordinator's address.</summary>
[Collection(CardRig.Name)]
public sealed class FreshCardTests(CardRig cards) : IDisposable
{
    private const string BootFile = "/boot/firmware/rpi-agent.yaml", ErrorFile = "/boot/firmware/rpi-agent.error.txt";
    private readonly Rig _rig = cards.Rig;
    private readonly DirectoryInfo _card = Directory.CreateTempSubdirectory("card");

    public void Dispose() => _card.Delete(recursive: true);

    [Fact]
    public async Task A_broken_card_says_why_and_a_prepared_one_joins_by_itself_and_holds_no_token_afterwards()
    {
        await _rig.DoAsync("loose", "fresh");

        // A boot partition of its own, which can be made read-only; the rig's folder is the host's.
        await _rig.ShellAsync("fresh", "mount -t tmpfs -o size=1m tmpfs /boot/firmware && systemctl restart rpi-agent");

        // In the root's own folder /boot, which is a mount point in the daemon's view only: no card.
        await _rig.ShellAsync("fresh", "printf 'version: 1\\nhostnmae: fresh\\n' >/boot/rpi-agent.yaml");
        await Task.Delay(TimeSpan.FromSeconds(6), TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.Contains("there is no rpi-agent.yaml on the boot partition", await StatusAsync(), StringComparison.Ordinal);
        Assert.Equal("", await TextAsync("/boot/rpi-agent.error.txt"));

        // A slip of the pen: readable on the card, and nothing of the file is done.
        await PutAsync("version: 1\nhostnmae: fresh\nlabels: {zone: attic}\n");
        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(20), async () => await TextAsync(ErrorFile) is var text && text.Contains("rpi-agent.yaml:2", StringComparison.Ordinal) && text.Contains("'hostname'", StringComparison.Ordinal) ? null : $"the card says '{text}'");
        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(20), async () => await StatusAsync() is var status && status.StartsWith("not enrolled: rpi-agent.yaml:2", StringComparison.Ordinal) ? null : status);

        // A token of another cluster: the coordinator is found, and is not the one.
        await PutAsync($"version: 1\nhostname: fresh\njoin_token: rpi1.{new string('b', 64)}.{new string('A', 43)}\n");
        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(20), async () => await StatusAsync() is var status && status.Contains("of another cluster", StringComparison.Ordinal) ? null : status);
        Assert.Equal("", await TextAsync(ErrorFile));

        // Prepared for this cluster, while the Pi runs; its boot partition is read-only when the token has been used.
        JsonElement prepared = await _rig.RpiCtlAsync("card", "prepare", _card.FullName, "--hostname", "fresh", "--label", "zone=shelf");
        string written = await File.ReadAllTextAsync(prepared.GetProperty("path").GetString()!, TestContext.Current.CancellationToken);
        Assert.DoesNotContain("url:", written, StringComparison.Ordinal);
        Assert.Contains("join_token: rpi1.", written, StringComparison.Ordinal);
        await PutAsync(written, "&& mount -o remount,ro /boot/firmware");
        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(60), async () =>
            (await _rig.NodesAsync()).TryGetValue("fresh", out JsonElement node) ? node.GetProperty("state").GetString() is var state && state == "ready" ? null : state : await StatusAsync());
        JsonElement joined = (await _rig.NodesAsync())["fresh"];
        Assert.Equal("shelf", joined.GetProperty("labels").GetProperty("zone").GetString());
        Assert.Contains("Found the coordinator at https://", await _rig.ShellAsync("fresh", "journalctl -o cat --no-pager -u rpi-agent"), StringComparison.Ordinal);
        string left = await TextAsync(BootFile);
        Assert.DoesNotContain("rpi1.", left, StringComparison.Ordinal);
        Assert.Contains("# join_token: used, and taken away by rpi-agent", left, StringComparison.Ordinal);
        Assert.Contains("hostname: 'fresh'", left, StringComparison.Ordinal);
        Assert.Equal("", await TextAsync(ErrorFile));
        Assert.StartsWith("ro", await _rig.ShellAsync("fresh", "findmnt -n -o OPTIONS /boot/firmware | tail -n 1"), StringComparison.Ordinal);
    }

    /// <summary>As an editor saves it.</summary>
    private Task PutAsync(string text, string then = "") => _rig.ShellAsync("fresh", $"echo {Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(text))} | base64 -d >{BootFile}.part && mv {BootFile}.part {BootFile} {then}");

    private Task<string> StatusAsync() => _rig.ShellAsync("fresh", "systemctl show rpi-agent -p StatusText --value");

    private Task<string> TextAsync(string path) => _rig.ShellAsync("fresh", $"cat {path} 2>/dev/null || true");
}
