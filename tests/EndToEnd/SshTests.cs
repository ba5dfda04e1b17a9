using System.Diagnostics;
using System.Text.Json;
using RpiAgent.Tests.EndToEnd.Support;
using Xunit;

namespace RpiAgent.Tests.EndToEnd;

/// <summary>Operators' keys and the nodes' host keys, with the real sshd of a Pi and the real ssh of this machine.</summary>
[Collection<VirtualClusterCollection>]
public sealed class SshTests : IDisposable
{
    private const string File = "/home/pi/.ssh/authorized_keys";
    private const string Theirs = "# by hand\nfrom=\"10.0.0.0/8\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl hers";
    private readonly string _folder = Directory.CreateTempSubdirectory("rpi-ssh-").FullName;

    private string Key => Path.Join(_folder, "key");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Operators_log_in_with_the_clusters_keys_and_need_not_know_a_host_key()
    {
        Process.Start("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "operator", "-f", Key]).WaitForExit();
        await VirtualCluster.ShellAsync("pi1", $"useradd -m -s /bin/bash -G sudo pi && install -d -m 700 -o pi -g pi /home/pi/.ssh && printf '%s' '{Theirs}' >{File} && chown pi:pi {File} && chmod 600 {File}");
        try
        {
            // A private key is refused and not shown.
            RigResult secret = await RpiCtlAsync("ssh-key", "add", Key);
            Assert.Equal(64, secret.ExitCode);
            Assert.Contains("private key", secret.Errors, StringComparison.Ordinal);
            Assert.DoesNotContain("BEGIN", secret.Errors + secret.Output, StringComparison.Ordinal);

            Assert.Equal("applied", await StateAfterAsync("ssh-key", "add", $"{Key}.pub"));
            Assert.Equal("pi1", (await LogInAsync("hostname")).Output.Trim());
            Assert.StartsWith(Theirs + "\n", await VirtualCluster.ShellAsync("pi1", $"cat {File}"), StringComparison.Ordinal);

            // The last one stays until it is forced away: hers is restricted, so nobody could log in.
            Assert.Equal("failed", await StateAfterAsync("ssh-key", "rm", "operator"));
            Assert.Equal("pi1", (await LogInAsync("hostname")).Output.Trim());

            // A card written anew has other host keys.
            await VirtualCluster.ShellAsync("pi1", "rm /etc/ssh/ssh_host_* && ssh-keygen -qA && systemctl restart ssh");
            await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(20), async () => (await LogInAsync("hostname")) is { ExitCode: not 0 } refused ? refused.Errors : null);

            Assert.Equal("applied", await StateAfterAsync("ssh-key", "rm", "operator", "--force"));
            Assert.Contains("Permission denied", (await LogInAsync("hostname")).Errors, StringComparison.Ordinal);
            Assert.Equal(Theirs, await VirtualCluster.ShellAsync("pi1", $"cat {File}"));
        }
        finally
        {
            await RpiCtlAsync("ssh-key", "rm", "operator", "--force");
            await VirtualCluster.ShellAsync("pi1", "userdel -r pi 2>/dev/null || true");
        }
    }

    [Fact]
    public async Task Keys_stay_as_they_are_while_sshd_does_not_say_how_it_is_set_and_move_between_users_otherwise()
    {
        const string settings = "/etc/ssh/sshd_config.d/test.conf", users = "ops second", keys = "sed 's/.*rpi-agent:/rpi-agent:/' /home/ops/.ssh/authorized_keys";
        string other = Path.Join(_folder, "other");
        Process.Start("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "operator", "-f", Key]).WaitForExit();
        Process.Start("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "other", "-f", other]).WaitForExit();
        await VirtualCluster.ShellAsync("pi1", $"for user in {users}; do useradd -m -s /bin/bash -G sudo $user; done");
        try
        {
            Assert.Equal("applied", await StateAfterAsync("ssh-key", "add", $"{Key}.pub", "--user", "ops"));
            await VirtualCluster.ShellAsync("pi1", $"echo 'Nonsense yes' >{settings}");
            Assert.Equal("failed", await StateAfterAsync("ssh-key", "add", $"{other}.pub", "--user", "ops"));
            Assert.Equal("rpi-agent:operator", (await VirtualCluster.ShellAsync("pi1", keys)).Trim());

            // As where only a socket has started sshd so far.
            await VirtualCluster.ShellAsync("pi1", $"printf 'Match LocalPort 2222\n  X11Forwarding no\n' >{settings}; rm -rf /run/sshd");
            Assert.Equal("applied", await StateAfterAsync("ssh-key", "rm", "other"));

            // The last one of its user, but not of the node.
            Assert.Equal("applied", await StateAfterAsync("ssh-key", "add", $"{Key}.pub", "--name", "operator", "--user", "second"));
            Assert.Equal("", (await VirtualCluster.ShellAsync("pi1", keys)).Trim());
            Assert.Equal("second", (await RpiCtlAsync("node", "ssh", "pi1", "--user", "second", "--identity", Key, "whoami")).Output.Trim());

            string known = Path.Join(_folder, "known_hosts");
            await System.IO.File.WriteAllTextAsync(known, $"pi1 {Theirs.Split("8\" ")[1]}\n", TestContext.Current.CancellationToken);
            RigResult update = await RpiCtlAsync("node", "known-hosts", "--update", known);
            Assert.True(update.ExitCode == 0, update.Errors);
            string address = (await System.IO.File.ReadAllLinesAsync(known, TestContext.Current.CancellationToken)).First(line => line.StartsWith("pi1,", StringComparison.Ordinal)).Split(',', ' ')[1];
            using Process plain = Process.Start(new ProcessStartInfo(
                "ssh", ["-i", Key, "-o", $"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "-o", "HostKeyAlias=pi1", $"second@{address}", "hostname"])
            { RedirectStandardOutput = true, UseShellExecute = false })!;
            Assert.Equal("pi1", (await plain.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).Trim());
        }
        finally
        {
            await VirtualCluster.ShellAsync("pi1", $"rm -f {settings}");
            await RpiCtlAsync("ssh-key", "rm", "other", "--force");
            await RpiCtlAsync("ssh-key", "rm", "operator", "--force");
            await VirtualCluster.ShellAsync("pi1", $"for user in {users}; do userdel -r $user 2>/dev/null || true; done");
        }
    }

    private static Task<RigResult> RpiCtlAsync(params string[] words) => VirtualCluster.TryAsync(TimeSpan.FromMinutes(1), ["rpictl", .. words]);

    private Task<RigResult> LogInAsync(string command) => RpiCtlAsync("node", "ssh", "pi1", "--identity", Key, command);

    /// <summary>How pi1 stands to it afterwards; the other Pis have no such user.</summary>
    private static async Task<string?> StateAfterAsync(params string[] words)
    {
        RigResult result = await RpiCtlAsync([.. words, "--json"]);
        using JsonDocument all = JsonDocument.Parse(result.Output);
        return all.RootElement.GetProperty("nodes").EnumerateArray().Single(node => node.GetProperty("node").GetString() == "pi1").GetProperty("state").GetString();
    }
}
