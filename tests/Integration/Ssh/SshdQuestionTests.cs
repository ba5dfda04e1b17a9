using RpiAgent.Agent;
using RpiAgent.Agent.Ssh;
using RpiAgent.Tests.Integration.Support;
using Xunit;

namespace RpiAgent.Tests.Integration.Ssh;

/// <summary>The real sshd (package openssh-server, unpacked) says how it is set; in a view of the file systems where its user and folder are.</summary>
public sealed class SshdQuestionTests : IDisposable
{
    private const string View = "mount --bind passwd /etc/passwd && mount -t tmpfs none /run && { [ -e nofolder ] || mkdir /run/sshd; } && exec \"$@\"";
    private static readonly string? Program = Environment.GetEnvironmentVariable("RPI_TEST_SSHD");
    private static readonly Account Root = new("root", 0, 0, "/root", "/bin/bash");
    private readonly string _folder = Directory.CreateTempSubdirectory("rpi-sshd-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Files_elsewhere_and_the_port_of_a_match_block_are_told()
    {
        Asked<SshdSettings> asked = await AskAsync("AuthorizedKeysFile /etc/ssh/keys/%u\nPermitRootLogin no\nPort 2222\nMatch LocalPort 2222\n  PermitRootLogin yes\n", "22");
        Assert.Equal("", asked.Refusal);
        Assert.Equal("etc/ssh/keys/root", asked.Answer!.PlaceFor(Root)!.File);
        Assert.Equal((false, "2222"), (asked.Answer.LetsIn(Root), Assert.Single(asked.Answer.Ports)));
        Assert.True((await AskAsync("PermitRootLogin no\nMatch LocalPort 2222 LocalAddress 127.0.0.1\n  PermitRootLogin yes\n", "2222")).Answer!.LetsIn(Root));
    }

    [Theory]
    [InlineData("AuthorizedKeysFil /etc/ssh/keys/%u\n", "nothing", "Bad configuration option")]
    [InlineData("", "nofolder", "/run/sshd")]
    [InlineData("", "nokey", "hostkeys")]
    public async Task An_sshd_that_cannot_say_how_it_is_set_is_a_reason_to_change_nothing(string settings, string lacks, string why)
    {
        await File.WriteAllTextAsync(Path.Join(_folder, lacks), "", TestContext.Current.CancellationToken);
        Asked<SshdSettings> asked = await AskAsync(settings, "22");
        Assert.Null(asked.Answer);
        Assert.Contains(why, asked.Refusal, StringComparison.Ordinal);
    }

    private async Task<Asked<SshdSettings>> AskAsync(string settings, string port)
    {
        Needed.Have(Program is { Length: > 0 }, "sshd is not here: tests/run.sh unpacks the package openssh-server and sets RPI_TEST_SSHD");
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root for a view of the file systems of its own");
        CancellationToken cancel = TestContext.Current.CancellationToken;
        await File.WriteAllTextAsync(Path.Join(_folder, "settings"), settings, cancel);
        await File.WriteAllTextAsync(Path.Join(_folder, "passwd"), await File.ReadAllTextAsync("/etc/passwd", cancel) + "sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n", cancel);
        CommandRunner commands = new(TimeProvider.System);
        string key = Path.Join(_folder, "key");
        if (!File.Exists(key))
        {
            (await commands.RunAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key], TimeSpan.FromSeconds(30), cancel)).OrThrow();
        }

        string[] host = File.Exists(Path.Join(_folder, "nokey")) ? [] : ["-h", key];
        string libraries = Environment.GetEnvironmentVariable("RPI_TEST_SSHD_LIBRARIES") ?? "";
        return SshdSettings.Read(await commands.RunAsync(
            "env",
            ["-C", _folder, "unshare", "--mount", "sh", "-c", View, "sh", "env", $"LD_LIBRARY_PATH={libraries}", Program!, "-f", Path.Join(_folder, "settings"), .. host, .. SshdSettings.Question(Root, port)],
            TimeSpan.FromSeconds(30),
            cancel));
    }
}
