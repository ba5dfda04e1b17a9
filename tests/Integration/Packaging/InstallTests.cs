using RpiAgent.Tests.Integration.Support;
using Xunit;

namespace RpiAgent.Tests.Integration.Packaging;

/// <summary>
/// The package for this machine and deploy/install.sh in a Debian 12 without a network. systemd does not run there: the folder by which
/// scripts know it is made by hand where install.sh is to go on. With a real systemd the package is installed on the virtual Pis.
/// </summary>
public class InstallTests
{
    private static readonly string BaseSystem = Path.Join("..", "debian-12.tar");
    private const string SystemdRuns = "mkdir -p /run/systemd/system";

    /// <summary>Units that are not enabled though they can be, and programs they name that are not there.</summary>
    private const string UnitsThatWouldNotStart = """
        cd /usr/lib/systemd/system
        for unit in $(grep -l '^\[Install\]' rpi-*); do find /etc/systemd/system -name "$unit" | grep -q . || echo "$unit is not enabled"; done
        for program in $(sed -n 's/^Exec[A-Za-z]*=[-+!@]*\(\/[^ ]*\).*/\1/p' rpi-*); do [ -x "$program" ] || echo "there is no $program"; done
        """;

    [Fact]
    public async Task From_a_folder_without_a_network_installed_upgraded_removed_and_purged()
    {
        using PackageRoot root = await PrepareAsync(withCompanions: true);
        await root.RunAsync(SystemdRuns);
        (int code, string output) = await root.RunAsync("sh /install.sh /packages");
        Assert.True(code == 0, output);
        Assert.Contains("install ok installed", (await root.RunAsync("dpkg -s rpi-agent")).Output, StringComparison.Ordinal);
        Assert.Matches(@"^\d+\.\d+\.\d+", (await root.RunAsync("rpi-agent --version")).Output);
        Assert.True(root.Has("/etc/systemd/system/multi-user.target.wants/rpi-agent.service"));
        Assert.True(root.Has("/etc/systemd/system/sysinit.target.wants/rpi-agent-net-rollback.service"));
        Assert.Equal("", (await root.RunAsync(UnitsThatWouldNotStart)).Output);

        // An upgrade with another configuration in it: what a person wrote stays, and who the node is.
        await root.RunAsync("""
            echo '{"RpiAgent":{"Port":7555}}' >/etc/rpi-agent/agent.json; mkdir -p /var/lib/rpi-agent/identity && echo me >/var/lib/rpi-agent/identity/x
            cd /packages && dpkg-deb -R rpi-agent_*.deb /new && rm rpi-agent_*.deb && sed -i 's/^Version: .*/Version: 99.1/' /new/DEBIAN/control &&
            echo '{"RpiAgent":{"Port":7666}}' >/new/etc/rpi-agent/agent.json && dpkg-deb -Zgzip -z1 -b /new /packages/rpi-agent_99.1_$(dpkg --print-architecture).deb
            """);
        (code, output) = await root.RunAsync("sh /install.sh agent /packages");
        Assert.True(code == 0, output);
        Assert.Contains("Version: 99.1", (await root.RunAsync("dpkg -s rpi-agent")).Output, StringComparison.Ordinal);
        Assert.Contains("7555", (await root.RunAsync("cat /etc/rpi-agent/agent.json")).Output, StringComparison.Ordinal);

        (code, output) = await root.RunAsync("dpkg -r rpi-agent");
        Assert.True(code == 0, output);
        Assert.False(root.Has("/usr/bin/rpi-agent") || root.Has("/usr/lib/rpi-agent") || root.Has("/usr/lib/systemd/system/rpi-agent.service"));
        Assert.True(root.Has("/etc/rpi-agent/agent.json") && root.Has("/var/lib/rpi-agent/identity/x"), "removal took configuration or state");

        (code, output) = await root.RunAsync("dpkg -P rpi-agent");
        Assert.True(code == 0, output);
        Assert.Equal("", (await root.RunAsync("find / -path /proc -prune -o -path /new -prune -o -path /packages -prune -o -name '*rpi-agent*' -print")).Output);
        Assert.False(root.Has("/usr/lib/systemd/system/docker.service.d"));
    }

    [Fact]
    public async Task The_coordinator_is_installed_upgraded_removed_and_purged_with_its_configuration_kept_until_then()
    {
        using PackageRoot root = await PrepareAsync(withCompanions: true, "rpi-coordinator");
        await root.RunAsync(SystemdRuns);
        (int code, string output) = await root.RunAsync("sh /install.sh /packages");
        Assert.True(code == 0, output);
        Assert.Contains("write /etc/rpi-coordinator/coordinator.json", output, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("rpictl", (await root.RunAsync("rpictl --help")).Output, StringComparison.Ordinal);
        Assert.Equal("rpi-consul\nrpi-coordinator\n", (await root.RunAsync("cut -d: -f1 /etc/passwd | grep ^rpi- | sort")).Output);
        Assert.Equal("there is no /usr/bin/consul\n", (await root.RunAsync($"({UnitsThatWouldNotStart}) | sort -u")).Output);

        await root.RunAsync("""
            echo '{}' >/etc/rpi-coordinator/coordinator.json; mkdir -p /var/lib/rpi-coordinator /var/lib/rpi-consul && echo key >/var/lib/rpi-coordinator/ca.key
            cd /packages && dpkg-deb -R rpi-coordinator_*.deb /new && rm rpi-coordinator_*.deb && sed -i 's/^Version: .*/Version: 99.1/' /new/DEBIAN/control &&
            dpkg-deb -Zgzip -z1 -b /new /packages/rpi-coordinator_99.1_$(dpkg --print-architecture).deb
            """);
        foreach (string step in new[] { "sh /install.sh coordinator /packages", "dpkg -r rpi-coordinator" })
        {
            (code, output) = await root.RunAsync(step);
            Assert.True(code == 0, output);
            Assert.True(root.Has("/etc/rpi-coordinator/coordinator.json") && root.Has("/var/lib/rpi-coordinator/ca.key"), $"{step} took configuration or state");
        }

        Assert.False(root.Has("/usr/bin/rpictl") || root.Has("/usr/lib/rpi-coordinator") || root.Has("/usr/lib/systemd/system/rpi-consul.service"));
        (code, output) = await root.RunAsync("dpkg -P rpi-coordinator");
        Assert.True(code == 0, output);
        Assert.Equal("", (await root.RunAsync("find / -path /proc -prune -o -path /new -prune -o -path /packages -prune -o -name '*rpi-co*' -print")).Output);
    }

    /// <summary>A new version that refuses this machine leaves the old one as it was, at work.</summary>
    [Fact]
    public async Task An_upgrade_that_is_refused_leaves_the_old_version_installed()
    {
        using PackageRoot root = await PrepareAsync(withCompanions: true);
        (int code, string output) = await root.RunAsync("""
            set -e
            dpkg -i /packages/*.deb && dpkg-deb -R /packages/rpi-agent_*.deb /new && sed -i 's/^Version: .*/Version: 99.1/' /new/DEBIAN/control
            dpkg-deb -Zgzip -z1 -b /new /packages/new.deb
            """);
        Assert.True(code == 0, output);
        root.Fake("/fake/getconf", "echo glibc 2.19");
        (code, output) = await root.RunAsync("dpkg -i /packages/new.deb");
        Assert.NotEqual(0, code);
        Assert.Contains("E_OLD_GLIBC", output, StringComparison.Ordinal);
        output = (await root.RunAsync("dpkg-query -W -f '${Status} ${Version}' rpi-agent; rpi-agent --version; dpkg --audit")).Output;
        Assert.StartsWith("install ok installed 0.", output, StringComparison.Ordinal);
        Assert.True(root.Has("/etc/systemd/system/multi-user.target.wants/rpi-agent.service"), output);
    }

    /// <summary>
    /// One that waits for the next boot has not begun: its files beside the others go. One that is tried is taken back, and so is that of the engine's options.
    /// </summary>
    [Theory]
    [InlineData("net", "waiting", "old")]
    [InlineData("net", "applied", "new")]
    [InlineData("docker", "waiting", "old")]
    [InlineData("docker", "applied", "new")]
    public async Task Removal_takes_back_a_change_that_is_under_way_and_leaves_nothing_of_it(string area, string phase, string inPlace)
    {
        using PackageRoot root = await PrepareAsync(withCompanions: true);
        (int code, string output) = await root.RunAsync($$"""
            set -e
            dpkg -i /packages/*.deb
            mkdir -p /etc/changed /var/lib/rpi-agent/{{area}}/txn && cd /etc/changed
            echo {{inPlace}} >file; echo old >.file.rpi-old; echo old >/var/lib/rpi-agent/{{area}}/txn/0.before
            [ {{phase}} = applied ] || echo new >.file.rpi-new
            before=$(echo old | sha256sum | cut -d' ' -f1) after=$(echo new | sha256sum | cut -d' ' -f1)
            printf '%s\n' "0 0644 0 0 1 $before $after /etc/changed/file" "end 1" >/var/lib/rpi-agent/{{area}}/txn/manifest
            echo '{"id":"a1b2","iface":"eth0","phase":"{{phase}}","boot_id":"another","started_s":1.5,"deadline_s":90}' >/var/lib/rpi-agent/{{area}}/txn.json
            dpkg -r rpi-agent
            """);
        Assert.True(code == 0, output);
        Assert.Equal("old\n", (await root.RunAsync("cat /etc/changed/file")).Output);
        Assert.Equal("/etc/changed/file\n", (await root.RunAsync($"find /etc/changed /var/lib/rpi-agent/{area} -name last-failed -prune -o -type f -print")).Output);
        Assert.Equal("rpi-agent was removed\n", (await root.RunAsync($"cat /var/lib/rpi-agent/{area}/last-failed/reason")).Output);
        await root.RunAsync("dpkg -P rpi-agent");
        Assert.Equal("", (await root.RunAsync("find /etc /var/lib -name '*.rpi-*' -o -path '*rpi-agent*' ! -path '*/dpkg/*'")).Output);
    }

    /// <summary>By install.sh, and by dpkg alone: both say the same, and nothing is unpacked. systemd does not run there; that could be mended.</summary>
    [Theory]
    [InlineData("uname", "echo armv6l", "E_UNSUPPORTED_CPU")]
    [InlineData("uname", "echo riscv64", "E_UNSUPPORTED_CPU")]
    [InlineData("getconf", "echo glibc 2.19", "E_OLD_GLIBC")]
    public async Task A_machine_that_cannot_run_it_is_refused_before_anything_is_unpacked(string program, string says, string error)
    {
        using PackageRoot root = await PrepareAsync(withCompanions: true);
        root.Fake($"/fake/{program}", says);
        foreach (string install in new[] { "sh /install.sh agent /packages", "dpkg -i /packages/*.deb" })
        {
            (int code, string output) = await root.RunAsync(install);
            Assert.NotEqual(0, code);
            Assert.Contains(error, output, StringComparison.Ordinal);
            Assert.False(root.Has("/usr/lib/rpi-agent") || root.Has("/etc/rpi-agent"), $"{install} left files:\n{output}");
        }
    }

    [Fact]
    public async Task Install_sh_says_in_one_line_what_is_wrong_and_changes_nothing()
    {
        using PackageRoot root = await PrepareAsync(withCompanions: false);
        (int made, string words) = await root.RunAsync("mkdir /other && dpkg-deb -R /packages/rpi-agent_*.deb /new && sed -i 's/^Architecture: .*/Architecture: armhf/' /new/DEBIAN/control && dpkg-deb -Zgzip -z1 -b /new /other");
        Assert.True(made == 0, words);
        Assert.Contains("E_NO_SYSTEMD", await RefusedAsync("/packages"), StringComparison.Ordinal);
        await root.RunAsync(SystemdRuns);
        Assert.Contains("E_NOT_ROOT", await RefusedAsync("/packages", "65534:65534"), StringComparison.Ordinal);
        Assert.Contains("E_NO_PACKAGE", await RefusedAsync("/nowhere"), StringComparison.Ordinal);
        Assert.Contains("E_NO_PACKAGE", await RefusedAsync("/install.sh"), StringComparison.Ordinal);
        Assert.Contains("E_NO_PACKAGE", await RefusedAsync("/other"), StringComparison.Ordinal);
        Assert.Contains("E_UNSUPPORTED_CPU", await RefusedAsync("/other/rpi-agent_*_armhf.deb"), StringComparison.Ordinal);

        // Two packages, and nobody said which.
        root.Give(PackageRoot.Package("here", "rpi-coordinator"), "/both");
        root.Give(PackageRoot.Package("here"), "/both");
        Assert.Contains("E_WHICH", await RefusedAsync("/both", name: ""), StringComparison.Ordinal);

        // A 32-bit system on a processor that could run a 64-bit one; and a kind of system that has no packages.
        root.Fake("/fake/uname", "echo aarch64");
        root.Fake("/fake/dpkg", "[ \"$1\" = --print-architecture ] && echo armhf || exec /usr/bin/dpkg \"$@\"");
        Assert.Contains("64-bit", await RefusedAsync("/packages"), StringComparison.Ordinal);
        root.Fake("/fake/dpkg", "echo i386");
        Assert.Contains("E_UNSUPPORTED_CPU", await RefusedAsync("/packages"), StringComparison.Ordinal);
        Assert.False(root.Has("/usr/lib/rpi-agent"));

        async Task<string> RefusedAsync(string what, string user = "0:0", string name = "agent")
        {
            (int code, string output) = await root.RunAsync($"sh /install.sh {name} {what}", user);
            Assert.True(code == 77, output);
            Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => line.StartsWith("install.sh: E_", StringComparison.Ordinal));
            return output;
        }
    }

    private static async Task<PackageRoot> PrepareAsync(bool withCompanions, string name = "rpi-agent")
    {
        string prepared = PackageRoot.Prepared("RPI_TEST_ROOTS");
        PackageRoot root = await PackageRoot.UnpackAsync(Path.Join(prepared, BaseSystem));
        root.Give(Path.Join(Repository.Folder, "deploy", "install.sh"), "/");
        root.Give(PackageRoot.Package("here", name), "/packages");
        if (withCompanions)
        {
            foreach (string companion in Directory.EnumerateFiles(Path.Join(prepared, "companions"), "*.deb"))
            {
                root.Give(companion, "/packages");
            }
        }

        return root;
    }
}
