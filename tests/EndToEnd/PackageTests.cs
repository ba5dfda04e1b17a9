using System.Globalization;
using System.Text.RegularExpressions;
using RpiAgent.Tests.EndToEnd.Support;
using Xunit;

namespace RpiAgent.Tests.EndToEnd;

/// <summary>The agent's package is replaced and removed on Pis that work: Debian 12 with ifupdown, and Debian 13 with NetworkManager.</summary>
[Collection<RolloutRig>]
public sealed partial class PackageTests(RolloutRig cluster)
{
    private const string Mine = """{"RpiAgent":{"NetworkConfirmSeconds":30}}""";
    private const string Watch = "/run/address-watch";
    private readonly Rig _rig = cluster.Rig;

    [Theory]
    [InlineData("pi1")]
    [InlineData("pi2")]
    public async Task An_upgrade_and_a_removal_leave_network_containers_and_configuration_as_they_are(string node)
    {
        await PrepareAsync(node);
        try
        {
            await _rig.StartWitnessAsync(node, "packaged");
            await _rig.ShellAsync(node, $"systemd-run --quiet --unit=address-watch sh -c 'exec ip -4 monitor address route >{Watch}'");
            string address = await _rig.DoAsync("rpictl", "node", "ip", node);
            string before = await WorkAsync(node);
            string agent = await _rig.ShellAsync(node, "systemctl show rpi-agent -p MainPID --value");

            await _rig.ShellAsync(node, "sh /var/tmp/install.sh agent /var/tmp/rpi-agent.deb");
            Assert.Equal("99.1 active", await _rig.ShellAsync(node, "echo $(dpkg-query -W -f '${Version}' rpi-agent) $(systemctl is-active rpi-agent)"));
            Assert.NotEqual(agent, await _rig.ShellAsync(node, "systemctl show rpi-agent -p MainPID --value"));
            Assert.Equal("", await _rig.ShellAsync(node, "[ /proc/$(systemctl show rpi-agent -p MainPID --value)/exe -ef /usr/lib/rpi-agent/rpi-agent ] || echo the old program runs"));
            Assert.Equal(before, await WorkAsync(node));
            await cluster.StateAsync(node, isReady: true);
            Assert.InRange(await ExposureAsync(node), 0, 4.0);

            await _rig.ShellAsync(node, "dpkg -r rpi-agent");
            Assert.Equal("gone", await _rig.ShellAsync(node, "systemctl is-active --quiet rpi-agent || [ -e /usr/lib/rpi-agent ] || echo gone"));
            Assert.Equal(before, await WorkAsync(node));
            Assert.Equal("0", await _rig.ShellAsync("coordinator", $"ping -q -c 3 -i 0.2 -W 1 {address} >/dev/null; echo $?"));

            // Installed again it is the node that it was.
            await _rig.ShellAsync(node, "sh /var/tmp/install.sh agent /var/tmp/rpi-agent.deb");
            Assert.Equal(Mine, await _rig.ShellAsync(node, "cat /etc/rpi-agent/agent.json"));
            await cluster.StateAsync(node, isReady: true);
            Assert.Equal(address, await _rig.DoAsync("rpictl", "node", "ip", node));
            Assert.Equal(before, await WorkAsync(node));
            Assert.Equal("", await _rig.ShellAsync(node, $"systemctl stop address-watch; grep '^Deleted.* eth0' {Watch} || true"));
            await _rig.ShellAsync(node, $"docker rm -f packaged; rm {Watch}");
        }
        finally
        {
            await PutBackAsync(node);
        }
    }

    /// <summary>Nobody confirms it: the agent of the new version ends what the old one began, and a removal does not leave it to anybody.</summary>
    [Theory]
    [InlineData("pi1")]
    [InlineData("pi2")]
    public async Task A_change_of_address_under_way_is_taken_back_in_time_across_an_upgrade_and_at_once_by_a_removal(string node)
    {
        await PrepareAsync(node);
        await _rig.ShellAsync(node, "systemctl restart rpi-agent");
        await cluster.StateAsync(node, isReady: true);
        string old = await _rig.DoAsync("rpictl", "node", "ip", node);
        string wrong = $"{old[..old.LastIndexOf('.')]}.{(node == "pi1" ? 143 : 144)}";
        await _rig.ShellAsync("coordinator", $"iptables -I INPUT -s {wrong} -p tcp --dport 7444 -j DROP");
        try
        {
            await _rig.DoAsync("rpictl", "node", "address", node, wrong, "--no-wait");
            await UnderWayAsync(node);
            await _rig.ShellAsync(node, "sh /var/tmp/install.sh agent /var/tmp/rpi-agent.deb");
            await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(40), () => WhyNotAsBeforeAsync(node, old));
            await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(60), async () =>
                (await _rig.TryAsync(TimeSpan.FromSeconds(30), "rpictl", "rollout", "status", "--json")).Output is var status && status.Contains($"{node}: rolled-back", StringComparison.Ordinal) ? null : status);

            Task<RigResult> again = _rig.TryAsync(TimeSpan.FromMinutes(3), "rpictl", "rollout", "retry", node);
            await UnderWayAsync(node);
            await _rig.ShellAsync(node, "dpkg -r rpi-agent");
            Assert.Null(await WhyNotAsBeforeAsync(node, old));
            Assert.Equal("rpi-agent was removed", await _rig.ShellAsync(node, "cat /var/lib/rpi-agent/net/last-failed/reason"));

            await _rig.ShellAsync("coordinator", $"iptables -D INPUT -s {wrong} -p tcp --dport 7444 -j DROP");
            await PutBackAsync(node);
            await cluster.StateAsync(node, isReady: true);

            // A removal halts the rollout as any other way back.
            Assert.Contains($"{node}: rolled-back: rpi-agent was removed", (await again).Errors, StringComparison.Ordinal);
            await _rig.DoAsync("rpictl", "rollout", "retry", node);
            await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(90), async () => await _rig.DoAsync("rpictl", "node", "ip", node) is var now && now == wrong ? null : $"{node} is at {now}");
        }
        finally
        {
            await _rig.ShellAsync("coordinator", $"iptables -D INPUT -s {wrong} -p tcp --dport 7444 -j DROP 2>/dev/null || true");
            await PutBackAsync(node);
        }
    }

    private Task UnderWayAsync(string node) => _rig.ShellAsync(node, "for i in $(seq 600); do grep -qs '\"applied\"' /var/lib/rpi-agent/net/txn.json && exit; sleep 0.1; done; exit 1");

    /// <summary>Null when the old address is there alone, and nothing of a change is left: no file, no timer, no failed unit.</summary>
    private async Task<string?> WhyNotAsBeforeAsync(string node, string address)
    {
        string found = await _rig.ShellAsync(node, """
            ip -4 -o addr show eth0 | awk '{ print $4 }'; find /etc -name '.*.rpi-*'; find /var/lib/rpi-agent/net -maxdepth 1 -name 'txn*'
            systemctl list-units --all --plain --no-legend 'rpi-agent-*-timer.*'; systemctl list-units --failed --plain --no-legend 'rpi-*'
            """);
        return found == $"{address}/24" ? null : found;
    }

    /// <summary>A new version beside the one that is installed, and little time for a change.</summary>
    private async Task PrepareAsync(string node)
    {
        await _rig.ShellAsync(node, $"cp /etc/rpi-agent/agent.json /var/tmp/ && printf '%s' '{Mine}' >/etc/rpi-agent/agent.json");
        await SendNewVersionAsync(node);
    }

    /// <summary>The version of this source, and the configuration that was there, unless they are back already.</summary>
    private Task PutBackAsync(string node) => _rig.ShellAsync(node, """
        [ -e /var/tmp/original.deb ] || exit 0
        cp /var/tmp/agent.json /etc/rpi-agent/ && dpkg --force-confold -i /var/tmp/original.deb && rm /var/tmp/agent.json /var/tmp/install.sh /var/tmp/*.deb
        """);

    /// <summary>The package of this source, and under a higher version, with another configuration file in it.</summary>
    private async Task SendNewVersionAsync(string node)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("rpi-upgrade-");
        try
        {
            await Rig.HostAsync($$"""
                cd {{folder.FullName}} && {{Rig.Repository}}/deploy/package.sh agent --out . && dpkg-deb -R rpi-agent_*.deb new
                sed -i 's/^Version: .*/Version: 99.1/' new/DEBIAN/control && echo '{"RpiAgent":{"Port":7666} }' >new/etc/rpi-agent/agent.json
                dpkg-deb --root-owner-group -Zgzip -z1 -b new rpi-agent.deb && mv rpi-agent_*.deb original.deb
                """);
            await _rig.SendAsync(Path.Join(folder.FullName, "original.deb"), node, "/var/tmp/original.deb");
            await _rig.SendAsync(Path.Join(folder.FullName, "rpi-agent.deb"), node, "/var/tmp/rpi-agent.deb");
            await _rig.SendAsync(Path.Join(Rig.Repository, "deploy", "install.sh"), node, "/var/tmp/install.sh");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>What must not notice: the container, the engine, the address.</summary>
    private async Task<string> WorkAsync(string node) =>
        await _rig.WitnessAsync(node, "packaged") + await _rig.ShellAsync(node, "ip -4 -br addr show eth0; ip route show default");

    private async Task<double> ExposureAsync(string node)
    {
        string told = await _rig.ShellAsync(node, "systemd-analyze --no-pager security rpi-agent.service | tail -n 1");
        Assert.Matches(Exposure(), told);
        TestContext.Current.TestOutputHelper?.WriteLine($"{node}: {told}");
        return double.Parse(Exposure().Match(told).Groups["level"].Value, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"rpi-agent\.service: (?<level>\d+\.\d+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Exposure();
}
