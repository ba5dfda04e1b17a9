using RpiAgent.Agent;
using RpiAgent.Agent.Boot;
using RpiAgent.Agent.NodeConfig.DockerOptions;
using RpiAgent.Protos;
using Xunit;

namespace RpiAgent.Tests.Unit.Boot;

public sealed class ResetIdentityTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("reset").FullName;

    [Fact]
    public async Task Identity_and_assignment_are_forgotten_only_when_one_is_sure()
    {
        AgentOptions options = new() { Root = _folder };
        string key = options.State("identity/node.key");
        string ledger = options.State("assignment");
        Directory.CreateDirectory(Path.GetDirectoryName(key)!);
        File.WriteAllText(key, "k");
        File.WriteAllText(ledger, "a");
        string defaults = options.Under("/etc/default/docker"), engineKey = options.Under("/etc/docker/rpi-agent/key.pem");
        Directory.CreateDirectory(Path.GetDirectoryName(defaults)!);
        Directory.CreateDirectory(Path.GetDirectoryName(engineKey)!);
        string[] ours = ["--debug", .. EngineTls.Words];
        File.WriteAllText(defaults, $"# Words of rpi-agent: {string.Join(' ', ours)}\nDOCKER_OPTS=\"--dns=1.1.1.1 {string.Join(' ', ours)}\"\n");
        File.WriteAllText(engineKey, "k");
        using StringWriter words = new();

        Assert.Equal(ExitCodes.Usage, await ResetIdentityCommand.RunAsync(options, sure: false, everything: false, words, TestContext.Current.CancellationToken));
        Assert.True(File.Exists(key) && File.Exists(ledger));
        Assert.Contains("--yes", words.ToString(), StringComparison.Ordinal);

        Assert.Equal(ExitCodes.Ok, await ResetIdentityCommand.RunAsync(options, sure: true, everything: false, words, TestContext.Current.CancellationToken));
        Assert.False(Directory.Exists(Path.GetDirectoryName(key)) || File.Exists(ledger) || File.Exists(engineKey));
        Assert.Equal("# Words of rpi-agent: --debug\nDOCKER_OPTS=\"--dns=1.1.1.1 --debug\"\n", File.ReadAllText(defaults));
        Assert.Equal(ExitCodes.Ok, await ResetIdentityCommand.RunAsync(options, sure: true, everything: false, words, TestContext.Current.CancellationToken));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
