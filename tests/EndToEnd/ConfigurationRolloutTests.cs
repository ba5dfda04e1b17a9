using System.Text.Json;
using RpiAgent.Tests.EndToEnd.Support;
using Xunit;

namespace RpiAgent.Tests.EndToEnd;

/// <summary>
/// Addresses changed from the coordinator, on a Pi with ifupdown (Debian 12) and one with NetworkManager (Debian 13, as today's
/// Raspberry Pi OS), in a cluster of their own. Containers run on meanwhile.
/// </summary>
[Collection<RolloutRig>]
public sealed class ConfigurationRolloutTests(RolloutRig cluster)
{
    private const string Profile = "/etc/NetworkManager/system-connections/rpi-agent-eth0.nmconnection";

    /// <summary>What its unit lets the daemon see of the file system is a view of its own.</summary>
    private const string InTheAgent = "nsenter -m -t $(systemctl show rpi-agent -p MainPID --value)";
    private readonly Rig _rig = cluster.Rig;

    [Fact]
    public async Task Addresses_change_on_both_backends_while_containers_run_and_the_first_failure_halts_the_rest()
    {
        string network = await AddressAsync("pi1") is var first ? first[..first.LastIndexOf('.')] : "";
        Assert.Contains($"address1={await AddressAsync("pi2")}/24", await _rig.ShellAsync("pi2", $"cat {Profile}"), StringComparison.Ordinal);
        Assert.Equal("600 root", await _rig.ShellAsync("pi2", $"stat -c '%a %U' {Profile}"));
        string[] before = [await _rig.StartWitnessAsync("pi1"), await _rig.StartWitnessAsync("pi2")];

        // From DHCP to static they went as they enrolled; now to another static address and back to DHCP. Each is the swarm's manager at some time.
        foreach (string node in (string[])["pi1", "pi2"])
        {
            string next = $"{network}.{(node == "pi1" ? 141 : 142)}";
            Assert.Contains("E_ADDRESS_IN_USE", (await TryAddressAsync(node, $"{network}.2")).Errors, StringComparison.Ordinal);
            await _rig.DoAsync("rpictl", "node", "address", node, next);
            Assert.Contains($"inet {next}/24", await LinkAsync(node), StringComparison.Ordinal);
            await RestartsOfTheAgentAreNotNoticedAsync(node);
            await _rig.DoAsync("rpictl", "node", "address", node, "dhcp");
            Assert.Contains("dynamic", await LinkAsync(node), StringComparison.Ordinal);
            Assert.DoesNotContain(next, await LinkAsync(node), StringComparison.Ordinal);
            await RestartsOfTheAgentAreNotNoticedAsync(node);
        }

        // Somebody else has the address: refused by the node, told, and nobody else is changed until what is wanted is mended.
        await _rig.ShellAsync("coordinator", $"ip addr add {network}.145/24 dev eth0");
        RigResult refused = await TryAddressAsync("pi1", $"{network}.145");
        Assert.Equal(77, refused.ExitCode);
        Assert.Contains("E_ADDRESS_IN_USE", refused.Errors, StringComparison.Ordinal);
        await _rig.DoAsync("rpictl", "node", "address", "pi2", $"{network}.146", "--no-wait");
        JsonElement rollout = await _rig.RpiCtlAsync("rollout", "status");
        Assert.Contains("pi1: refused: E_ADDRESS_IN_USE", rollout.GetProperty("halted").GetString(), StringComparison.Ordinal);
        await _rig.ShellAsync("coordinator", $"ip addr del {network}.145/24 dev eth0");
        await _rig.DoAsync("rpictl", "rollout", "retry", "pi1");
        Assert.Contains($"inet {network}.145/24", await LinkAsync("pi1"), StringComparison.Ordinal);
        await VirtualCluster.WaitAsync(TimeSpan.FromMinutes(1), async () => await LinkAsync("pi2") is var link && link.Contains($"inet {network}.146/24", StringComparison.Ordinal) ? null : link);

        await VirtualCluster.WaitAsync(TimeSpan.FromMinutes(1), async () => await AddressAsync("pi2") == $"{network}.146" ? null : await AddressAsync("pi2"));
        Assert.Equal<string[]>(before, [await _rig.WitnessAsync("pi1"), await _rig.WitnessAsync("pi2")]);
        Assert.Equal("", await _rig.ShellAsync("pi2", "ls /etc/network/interfaces 2>/dev/null || true"));
    }

    /// <summary>As after a power cut that took the switch, too: NetworkManager tells no profile of an interface that is down.</summary>
    [Fact]
    public async Task A_node_whose_agent_starts_before_its_network_changes_nothing()
    {
        await cluster.ConfiguredAsync(); // a change of another test may just be ending
        string address = await AddressAsync("pi2"), profile = await _rig.ShellAsync("pi2", $"sleep 2; cat {Profile}");
        string begun = await _rig.ShellAsync("pi2", "date +%s");
        await _rig.ShellAsync("pi2", "nmcli device disconnect eth0 && systemctl restart rpi-agent && sleep 15; nmcli --wait 30 device connect eth0");
        await cluster.StateAsync("pi2", isReady: true);
        Assert.Equal("", await _rig.ShellAsync("pi2", $"journalctl -u rpi-agent -o cat --no-pager --since @{begun} | grep -e 'taken back' -e 'Node configuration refused' -e 'Node configuration failed' || true"));
        Assert.Equal((address, profile), (await AddressAsync("pi2"), await _rig.ShellAsync("pi2", $"cat {Profile}")));
        Assert.Equal("", (await _rig.RpiCtlAsync("rollout", "status")).GetProperty("halted").GetString());
    }

    [Fact]
    public async Task A_change_that_the_coordinator_never_confirms_is_taken_back_and_told_also_after_restarts()
    {
        string old = await AddressAsync("pi2");
        string wrong = $"{old[..old.LastIndexOf('.')]}.149";
        await _rig.ShellAsync("coordinator", $"iptables -I INPUT -s {wrong} -p tcp --dport 7444 -j DROP");
        Task<RigResult> trying = TryAddressAsync("pi2", wrong);
        await AppliedAsync("pi2");
        await _rig.ShellAsync("pi2", "kill -9 $(systemctl show rpi-agent -p MainPID --value)"); // the next one goes on with it
        RigResult change = await trying;
        Assert.Equal(77, change.ExitCode);
        Assert.Contains("pi2: rolled-back: the coordinator did not confirm", change.Errors, StringComparison.Ordinal);
        Assert.Contains($"inet {old}/24", await LinkAsync("pi2"), StringComparison.Ordinal);
        Assert.DoesNotContain(wrong, await LinkAsync("pi2"), StringComparison.Ordinal);

        // A restarted agent has not forgotten.
        await _rig.ShellAsync("pi2", "systemctl restart rpi-agent");
        await _rig.ShellAsync("coordinator", "systemctl restart rpi-coordinator");
        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(60), async () =>
            (await _rig.TryAsync(TimeSpan.FromSeconds(30), "rpictl", "rollout", "status", "--json")).Output is var status && status.Contains("pi2: rolled-back: the coordinator did not confirm", StringComparison.Ordinal) ? null : status);

        // Neither has a Pi whose power is cut while it tries.
        trying = _rig.TryAsync(TimeSpan.FromMinutes(3), "rpictl", "rollout", "retry", "pi2");
        await AppliedAsync("pi2");
        await _rig.DoAsync("kill", "pi2");
        await _rig.DoAsync("start", "pi2");
        Assert.Contains("pi2: rolled-back: the node restarted before", (await trying).Errors, StringComparison.Ordinal);
        Assert.Contains($"inet {old}/24", await LinkAsync("pi2"), StringComparison.Ordinal);

        await _rig.ShellAsync("coordinator", $"iptables -D INPUT -s {wrong} -p tcp --dport 7444 -j DROP");
        await _rig.DoAsync("rpictl", "rollout", "retry", "pi2");
        Assert.Equal(wrong, await AddressAsync("pi2"));
    }

    [Theory]
    [InlineData("E_READONLY_ROOT", "mount -o remount,bind,ro /run/state")]
    [InlineData("E_NO_SPACE", "cat /dev/zero >/run/state/ballast 2>/dev/null || true")]
    public async Task A_node_that_cannot_write_refuses_an_order_with_the_reason_and_takes_it_once_it_can(string code, string spoil)
    {
        string old = await AddressAsync("pi1");
        string next = $"{old[..old.LastIndexOf('.')]}.{(code == "E_NO_SPACE" ? 151 : 152)}";
        const string state = "/var/lib/rpi-agent";
        await _rig.ShellAsync("pi1", $"mkdir -p /run/state && {InTheAgent} sh -c 'mount -t tmpfs -o size=2m small /run/state && cp -a {state}/. /run/state/ && {{ {spoil}; }}; mount --bind /run/state {state}'");
        RigResult refused = await TryAddressAsync("pi1", next);
        await _rig.ShellAsync("pi1", $"{InTheAgent} sh -c 'umount {state} && umount /run/state'");
        Assert.Equal(77, refused.ExitCode);
        Assert.Contains($"pi1: refused: {code}", refused.Errors, StringComparison.Ordinal);
        Assert.Contains($"inet {old}/24", await LinkAsync("pi1"), StringComparison.Ordinal);
        await _rig.DoAsync("rpictl", "rollout", "retry", "pi1");
        Assert.Contains($"inet {next}/24", await LinkAsync("pi1"), StringComparison.Ordinal);
    }

    /// <summary>Stopped, started and killed: the address, the route, and whoever renews the lease stay as they are.</summary>
    private async Task RestartsOfTheAgentAreNotNoticedAsync(string node)
    {
        const string work = "pgrep -x dhclient; pgrep -x NetworkManager; ip -4 -br addr show eth0; ip route show default";
        string before = await _rig.ShellAsync(node, work);
        await _rig.ShellAsync(node, "ip -4 monitor address route >/run/watch & watch=$!; systemctl restart rpi-agent; kill -9 $(systemctl show rpi-agent -p MainPID --value); sleep 7; systemctl is-active rpi-agent; kill $watch; ! grep '^Deleted.* eth0' /run/watch");
        Assert.Equal(before, await _rig.ShellAsync(node, work));
        await cluster.StateAsync(node, isReady: true);
    }

    private Task<string> AppliedAsync(string node) =>
        _rig.ShellAsync(node, "for i in $(seq 3000); do grep -q '\"applied\"' /var/lib/rpi-agent/net/txn.json 2>/dev/null && break; sleep 0.02; done; grep -q applied /var/lib/rpi-agent/net/txn.json");

    private Task<RigResult> TryAddressAsync(string node, string address) => _rig.TryAsync(TimeSpan.FromMinutes(3), "rpictl", "node", "address", node, address);

    private Task<string> AddressAsync(string node) => _rig.DoAsync("rpictl", "node", "ip", node);

    private Task<string> LinkAsync(string node) => _rig.ShellAsync(node, "ip -4 addr show eth0");
}
