using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RpiAgent.Agent;
using RpiAgent.Agent.Enrolment;
using RpiAgent.Identity;
using Xunit;

namespace RpiAgent.Tests.Integration.NodeConfig;

/// <summary>The real script at a boot, in a folder that stands for the root of a card.</summary>
public sealed class CloneGuardTests : IDisposable
{
    private const string Dhcp = "auto eth0\niface eth0 inet dhcp\n", Fixed = "auto eth0\niface eth0 inet static\n    address 192.168.1.102\n    netmask 255.255.255.0\n    gateway 192.168.1.1\n";
    private const string Profiles = "/etc/NetworkManager/system-connections";

    private readonly string _root = Directory.CreateTempSubdirectory("clone").FullName;
    private readonly AgentOptions _options;
    private readonly StringBuilder _manifest = new();
    private int _files;

    public CloneGuardTests()
    {
        _options = new AgentOptions { Root = _root };
        Put("/proc/cpuinfo", "processor\t: 0\n");
        Put("/proc/cmdline", "console=tty1 root=PARTUUID=738a4d67-02 rootwait\n");
        Put("/proc/device-tree/serial-number", "10000000AAAA0001\0");
        Put("/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
        Put("/sys/class/net/enx001122334455/address", "00:11:22:33:44:55\n");
        Put("/sys/class/net/eth0/address", "B8:27:EB:11:11:11\n");
        Put("/sys/class/net/wlan0/address", "b8:27:eb:11:11:12\n");
        Put("/sys/block/mmcblk0/device/cid", "1b534d0000000000aa5859\n");
        Directory.CreateDirectory($"{_root}/run");
    }

    [Fact]
    public async Task On_its_own_board_nothing_happens_and_an_old_mark_goes()
    {
        Enrol();
        Keep("/etc/network/interfaces", Dhcp, Fixed);
        Put("/run/rpi-agent-clone", "x");
        Assert.Equal("", await BootAsync());
        Assert.Equal((false, Fixed), (IsMarked, Get("/etc/network/interfaces")));
    }

    [Fact]
    public async Task A_copy_on_another_board_has_no_address_of_the_original_on_any_interface()
    {
        Enrol();
        Keep("/etc/network/interfaces", Dhcp, Fixed);
        Keep("/etc/network/interfaces.d/eth1", null, Fixed.Replace("eth0", "eth1", StringComparison.Ordinal));
        Keep($"{Profiles}/rpi-agent-eth2.nmconnection", null, "[connection]\ntype=ethernet\n[ipv4]\nmethod=manual\naddress1=192.168.1.102/24\n");
        Put("/proc/device-tree/serial-number", "10000000bbbb0002\0");
        Assert.Contains("serial 10000000bbbb0002, enrolled was 10000000aaaa0001", await BootAsync(), StringComparison.Ordinal);
        Assert.True(IsMarked);
        Assert.Equal(Dhcp, Get("/etc/network/interfaces"));
        Assert.False(File.Exists($"{_root}/etc/network/interfaces.d/eth1") || File.Exists($"{_root}{Profiles}/rpi-agent-eth2.nmconnection"));
    }

    [Fact]
    public async Task Without_a_serial_two_other_parts_make_a_copy_and_one_does_not()
    {
        Put("/proc/device-tree/serial-number", "0000000000000000\0");
        Enrol();
        Keep("/etc/network/interfaces", Dhcp, Fixed);
        Put("/sys/class/net/eth0/address", "b8:27:eb:22:22:22\n");
        Assert.Equal(("", false), (await BootAsync(), IsMarked));
        Put("/sys/block/mmcblk0/device/cid", "1b534d0000000000bb5859\n");
        Assert.Contains("other mac card than at enrolment", await BootAsync(), StringComparison.Ordinal);
        Assert.Equal((true, Dhcp), (IsMarked, Get("/etc/network/interfaces")));
    }

    [Fact]
    public async Task A_disk_at_USB_and_the_partition_count_too()
    {
        Put("/proc/device-tree/serial-number", "");
        File.Delete($"{_root}/sys/block/mmcblk0/device/cid");
        Put("/sys/block/sda/device/wwid", "naa.5000C500A1\n");
        Enrol();
        Put("/proc/cmdline", "root=PARTUUID=aaaaaaaa-02\n");
        Assert.Equal("", await BootAsync());
        Put("/sys/block/sda/device/wwid", "naa.5000C500B2\n");
        Assert.Contains("other card disk", await BootAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10000000AAAA0001")]
    [InlineData("0000000000000000")]
    [InlineData("")]
    public async Task Script_and_agent_are_of_one_mind(string serial)
    {
        Put("/proc/device-tree/serial-number", serial + "\0");
        Enrol();
        Board bound = new BoardReader(_options).Read();
        (string Path, string Content)[] changes = [("/proc/device-tree/serial-number", "10000000cccc0003\0"), ("/sys/class/net/eth0/address", "b8:27:eb:33:33:33\n"), ("/etc/machine-id", "uninitialized\n"), ("/proc/cmdline", "quiet\n"), ("/sys/block/mmcblk0/device/cid", "ff\n"), ("/etc/machine-id", "ffffffffffffffffffffffffffffffff\n")];
        foreach ((string path, string content) in changes)
        {
            Put(path, content);
            await BootAsync();
            Assert.Equal(CloneCheck.Refuse(bound, new BoardReader(_options).Read()) is not null, IsMarked);
        }
    }

    [Fact]
    public async Task A_card_that_has_only_begun_to_enrol_is_nobodys_copy()
    {
        Enrol();
        File.Delete(_options.State("identity/node.pem"));
        Put("/proc/device-tree/serial-number", "10000000bbbb0002\0");
        Assert.Equal(("", false), (await BootAsync(), IsMarked));
    }

    [Fact]
    public async Task A_radio_keeps_its_network_and_gives_up_the_address()
    {
        Enrol();
        string profile = "[connection]\nid=rpi-agent-wlan0\ntype=wifi\n\n[wifi]\nssid=home\n\n[wifi-security]\npsk=secret\n\n[ipv4]\n";
        Keep($"{Profiles}/rpi-agent-wlan0.nmconnection", null, profile + "method=manual\naddress1=192.168.1.102/24,192.168.1.1\ndns=192.168.1.1;\n\n[ipv6]\nmethod=auto\n");
        Keep("/etc/modprobe.d/rpi-agent-wifi.conf", null, "options cfg80211 ieee80211_regdom=DE\n");
        Keep("/etc/wpa_supplicant/rpi-agent-wlan0.conf", null, "network={\n}\n");
        Keep("/etc/network/interfaces", Dhcp, $"{Fixed}\nauto wlan0\niface wlan0 inet static\n    wpa-conf /etc/wpa_supplicant/rpi-agent-wlan0.conf\n    address 192.168.1.103\n    netmask 255.255.255.0\n    dns-nameservers 192.168.1.1\n");
        File.SetUnixFileMode($"{_root}{Profiles}/rpi-agent-wlan0.nmconnection", AtomicFile.Private);
        Put("/proc/device-tree/serial-number", "10000000bbbb0002\0");
        await BootAsync();
        Assert.Equal(profile + "method=auto\n\n[ipv6]\nmethod=auto\n", Get($"{Profiles}/rpi-agent-wlan0.nmconnection"));
        Assert.Equal(AtomicFile.Private, File.GetUnixFileMode($"{_root}{Profiles}/rpi-agent-wlan0.nmconnection"));
        Assert.Equal("options cfg80211 ieee80211_regdom=DE\n", Get("/etc/modprobe.d/rpi-agent-wifi.conf"));
        Assert.Equal("network={\n}\n", Get("/etc/wpa_supplicant/rpi-agent-wlan0.conf"));
        Assert.Equal("auto eth0\niface eth0 inet dhcp\n\nauto wlan0\niface wlan0 inet dhcp\n    wpa-conf /etc/wpa_supplicant/rpi-agent-wlan0.conf\n", Get("/etc/network/interfaces"));
    }

    [Fact]
    public async Task A_damaged_copy_is_told_and_the_address_goes_all_the_same()
    {
        Enrol();
        Keep("/etc/network/interfaces", Dhcp, Fixed);
        Put("/var/lib/rpi-agent/net/original/1.before", "rubbish");
        Put("/proc/device-tree/serial-number", "10000000bbbb0002\0");
        Assert.Contains("the copy of " + _root + "/etc/network/interfaces is damaged", await BootAsync(), StringComparison.Ordinal);
        Assert.Equal(Dhcp, Get("/etc/network/interfaces"));
    }

    [Fact]
    public async Task A_change_that_was_being_tried_when_the_card_was_copied_goes_first()
    {
        Enrol();
        Keep("/etc/network/interfaces", Dhcp, Fixed);
        Directory.Move($"{_root}/var/lib/rpi-agent/net/original", $"{_root}/var/lib/rpi-agent/net/txn");
        Put("/proc/device-tree/serial-number", "10000000bbbb0002\0");
        await BootAsync();
        Assert.Equal(Dhcp, Get("/etc/network/interfaces"));
    }

    [Fact]
    public async Task What_the_agent_has_seen_by_itself_needs_no_comparison()
    {
        Enrol();
        Keep("/etc/network/interfaces", Dhcp, Fixed);
        string programs = Directory.CreateDirectory($"{_root}/bin").FullName;
        foreach (string program in new[] { "systemctl", "ifdown", "ifup", "nmcli" })
        {
            Put($"/bin/{program}", $"#!/bin/sh\necho {program} \"$@\" >>{_root}/called\n[ {program} != systemctl ] || [ \"$1\" != is-active ]\n");
            File.SetUnixFileMode($"{programs}/{program}", AtomicFile.Private | UnixFileMode.UserExecute);
        }

        Assert.Contains("other MAC and SD card", await BootAsync("found", "other MAC and SD card than at enrolment"), StringComparison.Ordinal);
        Assert.Equal((true, Dhcp), (IsMarked, Get("/etc/network/interfaces")));
        Assert.Equal(
            ["systemctl stop docker.socket docker.service", "ifdown -a --force --exclude=lo", "ifup -a", "ifup -a --allow=hotplug", "systemctl is-active --quiet NetworkManager.service"],
            File.ReadLines($"{_root}/called"));
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private bool IsMarked => File.Exists($"{_root}/run/rpi-agent-clone");

    private void Enrol()
    {
        Put("/var/lib/rpi-agent/identity/board", BoardFile.Render(new BoardReader(_options).Read().Print));
        Put("/var/lib/rpi-agent/identity/node.pem", "certificate");
    }

    /// <summary>A change that was kept.</summary>
    /// <param name="before">Null: there was no such file.</param>
    private void Keep(string path, string? before, string after)
    {
        Put(path, after);
        Put($"/var/lib/rpi-agent/net/original/{++_files}.before", before ?? "");
        string digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(before ?? "")));
        _manifest.Append(CultureInfo.InvariantCulture, $"{_files} 644 0 0 {(before is null ? 0 : 1)} {digest} - {_root}{path}\n");
        Put("/var/lib/rpi-agent/net/original/manifest", _manifest.ToString());
    }

    /// <returns>What it said.</returns>
    private async Task<string> BootAsync(params string[] arguments)
    {
        CommandResult run = await new CommandRunner(TimeProvider.System).RunAsync(
            "env",
            [
                $"PATH={_root}/bin:/usr/sbin:/usr/bin:/sbin:/bin", $"RPI_AGENT_ROOT={_root}", $"RPI_AGENT_STATE={_root}/var/lib/rpi-agent", $"RPI_AGENT_DEVICE_TREE={_root}/proc/device-tree",
                $"RPI_AGENT_CLONE_MARK={_root}/run/rpi-agent-clone", "RPI_AGENT_MAC_WAIT=0", "sh", Path.Join(AppContext.BaseDirectory, "NodeConfig", "clone-guard.sh"), .. arguments,
            ],
            TimeSpan.FromSeconds(30),
            TestContext.Current.CancellationToken);
        Assert.True(run.Succeeded, run.Error);
        return run.Error;
    }

    private void Put(string path, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_root + path)!);
        File.WriteAllText(_root + path, content);
    }

    private string Get(string path) => File.ReadAllText(_root + path);
}
