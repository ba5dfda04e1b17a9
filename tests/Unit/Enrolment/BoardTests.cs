using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RpiAgent.Agent;
using RpiAgent.Agent.Enrolment;
using RpiAgent.Identity;
using RpiAgent.Protos;
using Xunit;

namespace RpiAgent.Tests.Unit.Enrolment;

public sealed class BoardTests : IDisposable
{
    private static readonly Board Enrolled = new() { Serial = "s1", Mac = "m1", MachineId = "i1", CardId = "c1" };
    private readonly AgentOptions _options = new() { Root = Directory.CreateTempSubdirectory("rpi-root-").FullName };

    public void Dispose() => Directory.Delete(_options.Root, recursive: true);

    [Fact]
    public void Another_serial_is_a_clone_whatever_else_is_the_same() =>
        Assert.Contains("E_CLONE", CloneCheck.Refuse(Enrolled, Enrolled with { Serial = "s2" }), StringComparison.Ordinal);

    [Fact]
    public void The_same_serial_is_no_clone_whatever_was_replaced() =>
        Assert.Null(CloneCheck.Refuse(Enrolled, new Board { Serial = "s1", Mac = "m2", MachineId = "i2", CardId = "c2" }));

    [Fact]
    public void Without_a_serial_two_other_parts_make_a_clone_and_one_does_not()
    {
        Board bound = Enrolled with { Serial = "" };
        Assert.Null(CloneCheck.Refuse(bound, bound with { CardId = "c2" }));
        Assert.Contains("MAC and SD card", CloneCheck.Refuse(bound, bound with { CardId = "c2", Mac = "m2" }), StringComparison.Ordinal);
        Assert.Null(CloneCheck.Refuse(bound, bound with { CardId = "", Mac = "" }));
    }

    [Fact]
    public void What_was_never_given_a_value_tells_nothing()
    {
        Board bound = Enrolled with { Serial = "00000000", DiskId = "d1" };
        Assert.Null(CloneCheck.Refuse(bound, bound with { Serial = "s2", MachineId = "uninitialized", Mac = "00:00:00:00:00:00", DiskId = "d2" }));
        Assert.Contains("machine id and partition", CloneCheck.Refuse(bound, bound with { Serial = "s2", MachineId = "i2", DiskId = "d2" }), StringComparison.Ordinal);
    }

    [Fact]
    public void A_board_is_written_for_the_script_and_read_again()
    {
        Board bound = new() { Serial = "ABC1", Mac = "b8:27:eb:00:00:01", CardId = "t10.ATA=x y" };
        string text = BoardFile.Render(bound.Print);
        Assert.Equal("serial=abc1\nmac=b8:27:eb:00:00:01\ncard=t10.ata=x y\n", text);
        Assert.Equal(bound.Print with { Serial = "abc1", CardId = "t10.ata=x y" }, BoardFile.Parse(text));
    }

    [Fact]
    public void A_network_adapter_at_USB_does_not_come_before_the_boards_own()
    {
        Write("/sys/class/net/enx001122334455/address", "00:11:22:33:44:55\n");
        Write("/sys/class/net/wlan0/address", "b8:27:eb:11:11:12\n");
        Assert.Equal("00:11:22:33:44:55", new BoardReader(_options).Read().Mac);
        Write("/sys/class/net/eth0/address", "b8:27:eb:11:11:11\n");
        Assert.Equal("b8:27:eb:11:11:11", new BoardReader(_options).Read().Mac);
    }

    [Fact]
    public void A_Pi_that_starts_from_another_disk_has_that_ones_name_and_its_partition()
    {
        Write("/sys/block/sda/device/wwid", "naa.5000C500A1\n");
        Write("/proc/cmdline", "console=tty1 root=PARTUUID=738A4D67-02 rootwait\n");
        Board board = new BoardReader(_options).Read();
        Assert.Equal(("naa.5000C500A1", "738a4d67-02"), (board.CardId, board.DiskId));
    }

    [Fact]
    public void A_Pi_is_read_from_the_kernels_files()
    {
        Write("/proc/device-tree/serial-number", "10000000ABCD1234\0");
        Write("/proc/device-tree/model", "Raspberry Pi 3 Model B Rev 1.2\0");
        Write("/proc/cpuinfo", "processor\t: 0\nprocessor\t: 1\nHardware\t: BCM2835\nSerial\t\t: 00000000ffffffff\n");
        Write("/proc/meminfo", "MemTotal:         948304 kB\nMemFree: 1 kB\n");
        Write("/proc/sys/kernel/arch", "aarch64\n");
        Write("/etc/machine-id", "0123456789ABCDEF0123456789abcdef\n");
        Write("/etc/os-release", "NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n");
        Write("/sys/block/mmcblk0/device/cid", "aa5859\n");
        Write("/sys/class/net/docker0/address", "02:42:00:00:00:01\n");
        Write("/sys/class/net/wlan0/address", "B8:27:EB:11:11:12\n");
        Write("/sys/class/net/eth0/address", "B8:27:EB:11:11:11\n");

        Board board = new BoardReader(_options).Read();

        Assert.Equal(("10000000abcd1234", "b8:27:eb:11:11:11", "raspberry-pi", "aarch64"), (board.Serial, board.Mac, board.Platform, board.KernelArch));
        Assert.Equal((2, 948304L * 1024, "Debian GNU/Linux 12 (bookworm)", "aa5859"), (board.Cores, board.MemoryBytes, board.Os, board.CardId));
        Assert.Equal("0123456789abcdef0123456789abcdef", board.MachineId);
    }

    [Fact]
    public void An_old_kernel_tells_the_serial_in_cpuinfo_and_a_machine_that_is_no_Pi_is_generic()
    {
        Write("/proc/cpuinfo", "processor\t: 0\nSerial\t\t: 00000000ABCDEF01\n");
        Assert.Equal("00000000abcdef01", new BoardReader(_options).Read().Serial);
        Assert.Equal(("generic", ""), (new BoardReader(_options).Read().Platform, new BoardReader(_options).Read().Mac));
    }

    [Fact]
    public void Renewal_is_due_after_a_third_and_never_slept_towards_for_long()
    {
        DateTimeOffset issued = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        DateTimeOffset due = RenewalSchedule.DueAt(issued - TimeSpan.FromHours(24), issued + TimeSpan.FromDays(90));
        Assert.Equal(issued + TimeSpan.FromDays(30), due);
        Assert.Equal(TimeSpan.FromSeconds(10), RenewalSchedule.Sleep(due, issued));
        Assert.Equal(TimeSpan.FromSeconds(1), RenewalSchedule.Sleep(due, due));
    }

    [Fact]
    public void Renewal_rests_an_hour_after_a_success_and_longer_after_each_failure_but_a_new_address_is_told_at_once()
    {
        DateTimeOffset due = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        bool IsDue(TimeSpan rested, int failures = 0, bool moved = false) => RenewalSchedule.IsDue(due, due, moved, rested, failures);
        Assert.True(IsDue(TimeSpan.MaxValue));
        Assert.False(IsDue(TimeSpan.FromMinutes(59)));
        Assert.True(IsDue(TimeSpan.FromHours(1)));
        Assert.True(IsDue(TimeSpan.Zero, moved: true));
        Assert.False(IsDue(TimeSpan.FromSeconds(59), failures: 1, moved: true));
        Assert.True(IsDue(TimeSpan.FromMinutes(1), failures: 1));
        Assert.False(IsDue(TimeSpan.FromMinutes(3), failures: 3));
        Assert.True(IsDue(TimeSpan.FromMinutes(15), failures: 99));
        Assert.False(RenewalSchedule.IsDue(due, due.AddDays(-1), false, TimeSpan.MaxValue, 0));
    }

    [Fact]
    public void A_certificate_is_renewed_at_once_when_the_node_has_an_address_that_it_does_not_name()
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using CertificateAuthority authority = CertificateAuthority.Create("test", now, TimeSpan.FromDays(9));
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.True(authority.TrySign(
            CredentialFiles.RequestFor(key), new PeerIdentity(PeerRole.Node, "1"), new HostNames(["pi1"], [Ipv4.Parse("192.168.1.101").ToIPAddress()]), now, TimeSpan.FromDays(1), out X509Certificate2? certificate, out _));
        using (certificate)
        {
            Assert.False(RenewalSchedule.IsMoved(certificate, "192.168.1.101", ""));
            Assert.True(RenewalSchedule.IsMoved(certificate, "192.168.1.10", ""));
            Assert.True(RenewalSchedule.IsMoved(certificate, "192.168.1.10", "192.168.1.11"));
            Assert.False(RenewalSchedule.IsMoved(certificate, "192.168.1.10", "192.168.1.10"));
            Assert.False(RenewalSchedule.IsMoved(certificate, "", ""));
        }
    }

    [Fact]
    public void A_serial_of_zeros_is_none()
    {
        Write("/proc/device-tree/serial-number", "0000000000000000\0");
        Assert.Equal("", new BoardReader(_options).Read().Serial);
    }

    [Fact]
    public void The_time_that_was_written_down_counts_whatever_the_kernels_clock_made_of_the_files_date()
    {
        ClockProbe probe = new(_options);
        Directory.CreateDirectory(_options.State(""));
        DateTimeOffset told = new(2094, 5, 6, 7, 8, 9, TimeSpan.Zero);
        Assert.True(probe.Floor() < told);
        probe.Remember(told);
        Assert.Equal(told, new ClockProbe(_options).Floor());
        File.WriteAllText(_options.State("clock"), "cut o");
        Assert.True(probe.Floor() < told);
    }

    [Fact]
    public void A_time_after_the_end_of_the_clusters_CA_is_nobodys_word()
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow(), late = now.AddDays(10);
        using CertificateAuthority authority = CertificateAuthority.Create("test", now, TimeSpan.FromDays(9));
        Write("/var/lib/rpi-agent/identity/ca.pem", authority.Certificate.ExportCertificatePem());
        Write("/var/lib/systemd/timesync/clock", "");
        File.SetLastWriteTimeUtc(_options.Under("/var/lib/systemd/timesync/clock"), late.UtcDateTime);
        ClockProbe probe = new(_options);
        Assert.True(probe.Floor() < now);
        probe.Remember(late);
        Assert.True(probe.Floor() < now);
        probe.Remember(now.AddDays(1));
        Assert.Equal(now.AddDays(1), probe.Floor());

        TrustClock clock = new(TimeProvider.System, () => false);
        clock.NotBefore(late, authority.Certificate);
        Assert.True(clock.Now < late);
        clock.NotBefore(now.AddDays(1), authority.Certificate);
        Assert.True(clock.Now >= now.AddDays(1));
    }

    [Fact]
    public void The_date_of_a_file_of_ours_is_no_witness()
    {
        Write("/var/lib/rpi-agent/identity/enrolment.json", "{}");
        File.SetLastWriteTimeUtc(_options.State("identity/enrolment.json"), new DateTime(2094, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Assert.True(new ClockProbe(_options).Floor().Year < 2094);
    }

    private void Write(string path, string content)
    {
        string under = _options.Under(path);
        Directory.CreateDirectory(Path.GetDirectoryName(under)!);
        File.WriteAllText(under, content);
    }
}
