using System.Diagnostics;
using System.Text.Json;
using RpiAgent.Tests.EndToEnd.Support;
using Xunit;

namespace RpiAgent.Tests.EndToEnd;

/// <summary>Operators' keys and the nodes' host keys, with the real sshd of a Pi and the real ssh of this machine.</summary>
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
