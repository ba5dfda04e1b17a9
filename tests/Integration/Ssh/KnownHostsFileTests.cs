using System.Diagnostics;
using RpiAgent.Coordinator.Cli;
using RpiAgent.Protos.Wire;
using RpiAgent.Tests.Integration.Support;
using Xunit;

namespace RpiAgent.Tests.Integration.Ssh;

/// <summary>A known_hosts file after the nodes' cards were written anew, with the real ssh-keygen.</summary>
public sealed class KnownHostsFileTests : IDisposable
{
    private const string Old = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    private const string New = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg";
    private static readonly NodeInfo Pi1 = new() { Name = "pi1", Address = "192.168.1.101", Ssh = new SshStatus { HostKeys = { New } } };
    private readonly string _folder = Directory.CreateTempSubdirectory("rpi-known-").FullName;

    private string Known => Path.Join(_folder, "known_hosts");

    public KnownHostsFileTests() => Needed.Have(Needed.Program("ssh-keygen") is not null, "ssh-keygen (openssh-client) is not here");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Old_keys_of_a_node_go_in_every_form_and_those_of_others_stay()
    {
        CancellationToken cancel = TestContext.Current.CancellationToken;
        await File.WriteAllTextAsync(Known, $"pi1 {Old}\n192.168.1.101 {Old}\n", cancel);
        Hash();
        string others = $"# mine\nnas,pi10 {Old}\n@cert-authority * {Old}";
        await File.AppendAllTextAsync(Known, $"[pi1]:2222 {Old}\n{others}", cancel);
        Assert.Equal(1, await KnownHostsFile.UpdateAsync(Known, [Pi1, new NodeInfo { Name = "nas", Address = "192.168.1.5" }], 22, cancel));
        string expected = $"{others}\npi1,192.168.1.101,[pi1]:2222,[192.168.1.101]:2222 {New}\n";
        Assert.Equal(expected, await File.ReadAllTextAsync(Known, cancel));
        await KnownHostsFile.UpdateAsync(Known, [Pi1], 22, cancel);
        Assert.Equal(expected, await File.ReadAllTextAsync(Known, cancel));
        Assert.Equal([Known], Directory.GetFiles(_folder));
    }

    [Fact]
    public async Task A_hashed_entry_with_a_port_goes_when_the_port_is_named()
    {
        CancellationToken cancel = TestContext.Current.CancellationToken;
        await File.WriteAllTextAsync(Known, $"[pi1]:2222 {Old}\n", cancel);
        Hash();
        await KnownHostsFile.UpdateAsync(Known, [Pi1], 2222, cancel);
        Assert.Equal($"pi1,192.168.1.101,[pi1]:2222,[192.168.1.101]:2222 {New}\n", await File.ReadAllTextAsync(Known, cancel));
    }

    [Fact]
    public async Task A_first_file_is_made_for_nobody_else_and_a_link_stays_one()
    {
        CancellationToken cancel = TestContext.Current.CancellationToken;
        string first = Path.Join(_folder, ".ssh", "known_hosts");
        await KnownHostsFile.UpdateAsync(first, [Pi1], 22, cancel);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(first));
        File.CreateSymbolicLink(Known, first);
        await KnownHostsFile.UpdateAsync(Known, [Pi1], 22, cancel);
        Assert.NotNull(new FileInfo(Known).LinkTarget);
        Assert.Equal($"pi1,192.168.1.101 {New}\n", await File.ReadAllTextAsync(first, cancel));
    }

    private void Hash()
    {
        Process.Start(new ProcessStartInfo("ssh-keygen", ["-q", "-H", "-f", Known]) { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false })!.WaitForExit();
        File.Delete(Known + ".old");
        Assert.DoesNotContain("pi1", File.ReadAllText(Known), StringComparison.Ordinal);
    }
}
