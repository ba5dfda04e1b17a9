using System.Runtime.InteropServices;
using System.Text.Json;
using RpiAgent.Tests.Integration.Support;
using Xunit;

namespace RpiAgent.Tests.Integration.Packaging;

/// <summary>
/// The arm64 package in an arm64 Debian under qemu-user. It carries: dpkg with our scripts, the program and its verbs, the daemon up to
/// where it waits for a boot file. It does not carry, and nothing here says anything about: systemd and the unit's sandbox (there is no
/// process 1 in the root), netlink sockets and interfaces as the arm64 kernel has them, a Docker engine, the speed of a Pi, and real
/// boards' firmware (device tree, boot partition). Where the kernel cannot be told to start programs of arm64 (no binfmt_misc), qemu is
/// called by name: that carries the program, but not dpkg with our scripts.
/// </summary>
public class Arm64Tests
{
    private const string Qemu = "/qemu-aarch64-static";

    [Fact]
    public async Task The_arm64_package_installs_and_its_agent_starts_under_emulation()
    {
        string prepared = PackageRoot.Prepared("RPI_TEST_ROOTS");
        using PackageRoot root = await PackageRoot.UnpackAsync(Path.Join(prepared, "debian-12-arm64.tar"));
        await InstallAsync(root, root.Give(PackageRoot.Package("arm64"), "/packages"));

        (int code, string output) = await AgentAsync(root, "--version");
        Assert.True(code == 0, output);
        Assert.Matches(@"^\d+\.\d+\.\d+", output);

        Directory.CreateDirectory(Path.Join(root.Folder, "case/etc/network"));
        await File.WriteAllTextAsync(Path.Join(root.Folder, "case/etc/network/interfaces"), "auto lo\niface lo inet loopback\nauto eth0\niface eth0 inet dhcp\n", TestContext.Current.CancellationToken);
        (code, output) = await AgentAsync(root, "network", "plan", "--root", "/case", "--iface", "eth0", "--method", "static", "--address", "192.168.1.5/24", "--gateway", "192.168.1.1", "--json");
        Assert.True(code == 0, output);
        using JsonDocument plan = JsonDocument.Parse(output);
        Assert.Equal("changed", plan.RootElement.GetProperty("result").GetString());
        Assert.Contains("address 192.168.1.5", plan.RootElement.GetProperty("files").GetProperty("/etc/network/interfaces").GetString(), StringComparison.Ordinal);

        // The daemon: it has no boot file, says so and waits (124: still there when its time was over).
        Directory.CreateDirectory(Path.Join(root.Folder, "var/lib/rpi-agent"));
        Directory.CreateDirectory(Path.Join(root.Folder, "run/rpi-agent"));
        (code, output) = await AgentAsync(root);
        Assert.True(code == 124, output);
        Assert.Contains("there is no rpi-agent.yaml", output, StringComparison.Ordinal);
    }

    /// <summary>Whether the kernel starts programs of arm64.</summary>
    private static bool Started => File.Exists("/proc/sys/fs/binfmt_misc/qemu-aarch64") || RuntimeInformation.OSArchitecture == Architecture.Arm64;

    private static async Task InstallAsync(PackageRoot root, string package)
    {
        if (!Started)
        {
            await Shell.RunAsync($"dpkg-deb -x {root.Folder}{package} {root.Folder} && cp $(command -v qemu-aarch64-static) {root.Folder}{Qemu}");
            return;
        }

        (int code, string output) = await root.RunAsync($"dpkg -i {package}");
        Assert.True(code == 0, output);
        Assert.True(root.Has("/etc/systemd/system/multi-user.target.wants/rpi-agent.service"), output);
    }

    private static Task<(int Code, string Output)> AgentAsync(PackageRoot root, params string[] words) =>
        root.ProgramAsync(TimeSpan.FromSeconds(20), Started ? ["/usr/lib/rpi-agent/rpi-agent", .. words] : [Qemu, "/usr/lib/rpi-agent/rpi-agent", .. words]);
}
