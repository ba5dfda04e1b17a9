using RpiAgent.Agent;
using RpiAgent.Agent.Boot;
using Xunit;

namespace RpiAgent.Tests.Integration.Boot;

/// <summary>Host keys in a folder that stands for a node's root, with the real ssh-keygen, or without one.</summary>
public sealed class CopiedTraitsTests : IDisposable
{
    private readonly AgentOptions _options = new() { Root = Directory.CreateTempSubdirectory("traits").FullName };

    private string Ssh => _options.Under("/etc/ssh");

    public CopiedTraitsTests()
    {
        Directory.CreateDirectory(Ssh);
        foreach (string name in new[] { "ssh_host_ed25519_key", "ssh_host_ed25519_key.pub", "ssh_host_dsa_key", "sshd_config" })
        {
            File.WriteAllText(Path.Join(Ssh, name), "old");
        }
    }

    [Fact]
    public async Task Host_keys_are_replaced_by_new_ones_and_none_of_the_old_stays()
    {
        CommandRunner commands = new(TimeProvider.System);
        Assert.SkipWhen((await commands.RunAsync("ssh-keygen", ["-?"], TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken)).ExitCode == CommandRunner.NotFound, "ssh-keygen is not here (openssh-client)");
        await new CopiedTraits(_options, commands).ForgetAsync(TestContext.Current.CancellationToken);
        Assert.StartsWith("ssh-ed25519 ", Get("ssh_host_ed25519_key.pub"), StringComparison.Ordinal);
        Assert.StartsWith("-----BEGIN OPENSSH PRIVATE KEY", Get("ssh_host_ed25519_key"), StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Join(Ssh, "ssh_host_ed25519_key")));
        Assert.False(File.Exists(Path.Join(Ssh, "ssh_host_dsa_key")) && Get("ssh_host_dsa_key") == "old");
        Assert.Equal("old", Get("sshd_config"));
        Assert.Empty(Directory.GetFileSystemEntries(Ssh, ".*"));
    }

    [Fact]
    public async Task Without_new_host_keys_the_old_ones_stay_and_so_does_all_else()
    {
        // Something is in the way of the folder for the new ones.
        Directory.CreateDirectory(Path.Join(_options.Under("/var/lib/docker"), "swarm"));
        File.WriteAllText(Path.Join(Ssh, ".rpi-new"), "in the way");
        await Assert.ThrowsAnyAsync<IOException>(() => new CopiedTraits(_options, new CommandRunner(TimeProvider.System)).ForgetAsync(TestContext.Current.CancellationToken));
        Assert.Equal(("old", "old"), (Get("ssh_host_ed25519_key"), Get("ssh_host_dsa_key")));
        Assert.True(Directory.Exists(Path.Join(_options.Under("/var/lib/docker"), "swarm")));
    }

    public void Dispose() => Directory.Delete(_options.Root, recursive: true);

    private string Get(string name) => File.ReadAllText(Path.Join(Ssh, name));
}
