using System.Globalization;
using System.Text.RegularExpressions;
using RpiAgent.Tests.EndToEnd.Support;
using Xunit;

namespace RpiAgent.Tests.EndToEnd;

/// <summary>The agent's package is replaced and removed on Pis that work: Debian 12 with ifupdown, and Debian 13 with NetworkManager.</summary>
[Collection<TwoBackendsCollection>]
public sealed partial class PackageTests(TwoBackends cluster)
{
    private const string Mine = """{"RpiAgent":{"NetworkConfirmSeconds":30}}""";
    private const string Watch = "/run/address-watch";
    private readonly Rig _rig = cluster.Rig;

    [Theory]
    [InlineData("pi1")]
    [InlineData("pi2")]
    public async Task An_upgrade_and_a_removal_leave_network_containers_and_configuration_as_they_are(string node)
    {
        await _rig.ShellAsync(node, $"printf '%s' '{Mine}' >/etc/rpi-agent/agent.json");
        await SendNewVersionAsync(node);
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
        await _rig.ShellAsync(node, $"docker rm -f packaged; rm -f /var/tmp/install.sh /var/tmp/rpi-agent.deb {Watch}");
    }

    /// <summary>The package of this source under a higher version, with another configuration file in it.</summary>
    private async Task SendNewVersionAsync(string node)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("rpi-upgrade-");
        try
        {
            await Rig.HostAsync($$"""
                cd {{folder.FullName}} && {{Rig.Repository}}/deploy/package.sh agent --out . && dpkg-deb -R rpi-agent_*.deb new
                sed -i 's/^Version: .*/Version: 99.1/' new/DEBIAN/control && echo '{"RpiAgent":{"Port":7666} }' >new/etc/rpi-agent/agent.json
                dpkg-deb --root-owner-group -Zgzip -z1 -b new rpi-agent.deb
                """);
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
