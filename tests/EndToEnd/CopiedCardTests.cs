using System.Text.Json;
using System.Text.RegularExpressions;
using RpiAgent.Tests.EndToEnd.Support;
using Xunit;

namespace RpiAgent.Tests.EndToEnd;

/// <summary>A card copied into a second board (same disk, other serial and MAC), in a cluster of its own.</summary>
[Collection(CardRig.Name)]
public sealed class CopiedCardTests(CardRig cards)
{
    private readonly Rig _rig = cards.Rig;

    [Fact]
    public async Task A_copied_card_is_kept_apart_and_can_become_a_node_of_its_own_or_take_over_when_the_original_is_gone()
    {
        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(60), async () =>
            (await _rig.RpiCtlAsync("rollout", "status")).GetProperty("nodes").EnumerateArray().All(node => node.GetProperty("state").GetString() == "applied")
                && (await _rig.NodesAsync()).Values.All(node => node.GetProperty("swarmRole").GetString()!.Length > 0) ? null : "not settled");
        Dictionary<string, JsonElement> before = await _rig.NodesAsync();
        string address = before["pi1"].GetProperty("address").GetString()!;
        await _rig.ShellAsync("pi1", "tar -ch /bin/sleep $(ldd /bin/sleep | grep -o '/[^ ]*') 2>/dev/null | docker import - witness >/dev/null && docker run -d --restart always --name witness witness /bin/sleep 1d");
        string running = await RunningAsync();

        await _rig.DoAsync("copy", "pi1", "double");
        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(20), async () => await StatusAsync("double") is var status && status.Contains("not enrolled: E_CLONE", StringComparison.Ordinal) ? null : status);
        Assert.DoesNotContain($"{address}/", await _rig.ShellAsync("double", "ip -4 addr show eth0"), StringComparison.Ordinal);
        Assert.Equal("inactive", await _rig.ShellAsync("double", "systemctl is-active docker || true"));
        Assert.Equal("", await _rig.ShellAsync("double", "ss -Hltn 'sport = :7443'"));

        // Only somebody who says the old board is gone may take its place, and only when that is so.
        RigResult early = await _rig.TryAsync(TimeSpan.FromMinutes(1), "exec", "double", "rpi-agent", "adopt-hardware", "--yes");
        Assert.Equal(77, early.ExitCode);
        Assert.Contains("E_IDENTITY_CONFLICT", early.Errors, StringComparison.Ordinal);

        // The original has noticed nothing.
        Dictionary<string, JsonElement> after = await _rig.NodesAsync();
        Assert.Equal(before.Keys.Order(), after.Keys.Order());
        Assert.All(after, node => Assert.Equal("ready", node.Value.GetProperty("state").GetString()));
        Assert.Equal(before["pi1"].GetProperty("hardware").GetProperty("serial").GetString(), after["pi1"].GetProperty("hardware").GetProperty("serial").GetString());
        Assert.Equal(running, await RunningAsync());

        // A board that even shows the same serial, as counterfeits do, cannot be told from the original: neither is given orders while both are alive.
        string own = await ShowSerialAsync("double", before["pi1"].GetProperty("hardware").GetProperty("serial").GetString()!);
        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(90), async () => await StateAsync("pi1") is { } state && state == "conflict" ? null : "pi1 is not in conflict");
        JsonElement twins = (await _rig.NodesAsync())["pi1"];
        Assert.Matches($"E_IDENTITY_CONFLICT: two boards .*, at .*{Regex.Escape(address)}.*reset-identity", twins.GetProperty("reason").GetString());
        Assert.Equal(running, await RunningAsync());
        await ShowSerialAsync("double", own);

        // What the script has not seen at the boot the agent sees: network and engine are put back while they run.
        await _rig.ShellAsync("double", "rm /run/rpi-agent-clone && systemctl restart rpi-agent");
        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(60), async () => await StatusAsync("double") is var status && status.Contains("not enrolled: E_CLONE", StringComparison.Ordinal) ? null : status);
        Assert.Equal("inactive", await _rig.ShellAsync("double", "test -s /run/rpi-agent-clone && systemctl is-active docker || true"));
        Assert.DoesNotContain($"{address}/", await _rig.ShellAsync("double", "ip -4 addr show eth0"), StringComparison.Ordinal);
        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(60), async () => await _rig.ShellAsync("double", "ip -4 -br addr show eth0") is var shown && shown.Contains('/', StringComparison.Ordinal) ? null : shown);
        RigResult half = await _rig.TryAsync(TimeSpan.FromMinutes(1), "exec", "double", "rpi-agent", "reset-identity", "--yes");
        Assert.Equal(64, half.ExitCode);
        Assert.Contains("--everything", half.Errors, StringComparison.Ordinal);

        // A copy that is to be another node.
        string machine = await _rig.ShellAsync("double", "cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub");
        await _rig.ShellAsync("double", "rpi-agent reset-identity --yes --everything");
        Assert.NotEqual(machine, await _rig.ShellAsync("double", "cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub"));
        JsonElement token = await _rig.RpiCtlAsync("token", "create");
        await _rig.ShellAsync("double", $"sed -i -e 's/^# join_token:.*/join_token: {token.GetProperty("token").GetString()}/' -e 's/^hostname:.*/hostname: other/' /boot/firmware/rpi-agent.yaml && systemctl restart rpi-agent");
        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(60), async () => await StateAsync("other"));
        Assert.Equal(running, await RunningAsync());

        // One board is left of the two: it is given orders again.
        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(90), async () => await StateAsync("pi1"));

        // The board of pi1 dies, and its card (here a copy of it) goes into a new one.
        await _rig.DoAsync("copy", "pi1", "spare");
        await _rig.DoAsync("kill", "pi1");
        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(60), async () => await StateAsync("pi1") is { } state && state == "down" ? null : "pi1 is not down");
        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(60), async () =>
            await _rig.TryAsync(TimeSpan.FromMinutes(1), "exec", "spare", "rpi-agent", "adopt-hardware", "--yes") is { ExitCode: not 0 } refused ? refused.Errors : null);
        await _rig.ShellAsync("spare", "systemctl restart rpi-agent");
        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(60), async () => await StateAsync("pi1"));
        JsonElement moved = (await _rig.NodesAsync())["pi1"];
        Assert.Equal((before["pi1"].GetProperty("id").GetString(), address), (moved.GetProperty("id").GetString(), moved.GetProperty("address").GetString()));
        Assert.NotEqual(before["pi1"].GetProperty("hardware").GetProperty("serial").GetString(), moved.GetProperty("hardware").GetProperty("serial").GetString());
    }

    /// <returns>The one it showed before.</returns>
    private Task<string> ShowSerialAsync(string board, string serial) => _rig.ShellAsync(
        board, $"cd /usr/lib/virtual-pi/device-tree && tr -d '\\0' <serial-number && printf '%s\\0' {serial} >serial-number && systemctl restart rpi-agent");

    private async Task<string?> StateAsync(string node) =>
        (await _rig.NodesAsync()).TryGetValue(node, out JsonElement found) ? found.GetProperty("state").GetString() is var state && state == "ready" ? null : state : $"there is no {node}";

    private Task<string> StatusAsync(string board) => _rig.ShellAsync(board, "systemctl show rpi-agent -p StatusText --value");

    private Task<string> RunningAsync() => _rig.ShellAsync("pi1", "docker inspect -f '{{.State.StartedAt}} {{.State.Running}}' witness; systemctl show docker rpi-agent -p MainPID");
}
