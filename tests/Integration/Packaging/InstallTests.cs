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
        (int code, string output) = await root.RunAsync("sh /install.sh agent /packages");
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

    /// <summary>By install.sh, and by dpkg alone: both say the same, and nothing is unpacked.</summary>
    [Theory]
    [InlineData("uname", "echo armv6l", "E_UNSUPPORTED_CPU")]
    [InlineData("uname", "echo riscv64", "E_UNSUPPORTED_CPU")]
    [InlineData("ldd", "echo 'ldd (Debian GLIBC 2.31-13+deb11u11) 2.31'", "E_OLD_GLIBC")]
    [InlineData("ldd", "echo 'musl libc (x86_64)' >&2; exit 1", "E_OLD_GLIBC")]
    public async Task A_machine_that_cannot_run_it_is_refused_before_anything_is_unpacked(string program, string says, string error)
    {
        using PackageRoot root = await PrepareAsync(withCompanions: true);
        await root.RunAsync(SystemdRuns);
        root.Fake($"/fake/{program}", says);
        root.Fake("/fake/getconf", "exit 1");
        foreach (string install in new[] { "sh /install.sh agent /packages", "dpkg -i /packages/libssl3_*.deb /packages/rpi-agent_*.deb" })
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
        Assert.False(root.Has("/usr/lib/rpi-agent"));

        async Task<string> RefusedAsync(string what, string user = "0:0")
        {
            (int code, string output) = await root.RunAsync($"sh /install.sh agent {what}", user);
            Assert.True(code == 77, output);
            Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => line.StartsWith("install.sh: E_", StringComparison.Ordinal));
            return output;
        }
    }

    private static async Task<PackageRoot> PrepareAsync(bool withCompanions)
    {
        string prepared = PackageRoot.Prepared("RPI_TEST_ROOTS");
        PackageRoot root = await PackageRoot.UnpackAsync(Path.Join(prepared, BaseSystem));
        root.Give(Path.Join(Repository.Folder, "deploy", "install.sh"), "/");
        root.Give(PackageRoot.Package("here"), "/packages");
        if (withCompanions)
        {
            root.Give(Directory.EnumerateFiles(Path.Join(prepared, "companions"), "libssl3_*.deb").Single(), "/packages");
        }

        return root;
    }
}
