using RpiAgent.Agent;
using RpiAgent.Agent.Boot;
using RpiAgent.Agent.NodeConfig.DockerOptions;
using RpiAgent.Protos;
using Xunit;

namespace RpiAgent.Tests.Unit.Boot;

public sealed class ResetIdentityTests : IDisposable
{
    private readonly AgentOptions _options = new() { Root = Directory.CreateTempSubdirectory("reset").FullName };
    private readonly StringWriter _words = new();

    public ResetIdentityTests()
    {
        Put(_options.State("identity/node.key"), "k");
        Put(_options.State("assignment"), "a");
        Put(_options.State("epoch"), "6");
    }

    [Fact]
    public async Task Identity_and_what_leaders_said_are_forgotten_only_when_one_is_sure()
    {
        Assert.Equal(ExitCodes.Usage, await RunAsync(sure: false));
        Assert.Equal(3, Directory.GetFiles(_options.State(""), "*", SearchOption.AllDirectories).Length);
        Assert.Contains("--yes", _words.ToString(), StringComparison.Ordinal);

        Assert.Equal(ExitCodes.Ok, await RunAsync(sure: true));
        Assert.Empty(Directory.GetFileSystemEntries(_options.State("")));
        Assert.Equal(ExitCodes.Ok, await RunAsync(sure: true));
    }

    [Fact]
    public async Task The_engines_port_to_the_old_cluster_is_closed_and_a_persons_options_stay()
    {
        string defaults = _options.Under("/etc/default/docker"), engineKey = _options.Under("/etc/docker/rpi-agent/key.pem");
        string[] ours = ["--debug", .. EngineTls.Words];
        Put(defaults, $"# Words of rpi-agent: {string.Join(' ', ours)}\nDOCKER_OPTS=\"--dns=1.1.1.1 {string.Join(' ', ours)}\"\n");
        Put(engineKey, "k");
        Assert.Equal(ExitCodes.Ok, await RunAsync(sure: true));
        Assert.False(File.Exists(engineKey));
        Assert.Equal("# Words of rpi-agent: --debug\nDOCKER_OPTS=\"--dns=1.1.1.1 --debug\"\n", File.ReadAllText(defaults));
    }

    [Fact]
    public async Task A_copied_card_becomes_nobody_only_with_everything_that_makes_it_a_double()
    {
        Put(_options.Under(_options.CloneMark), "serial");
        Put(_options.Under("/var/lib/docker/swarm/state.json"), "{}");
        Put(_options.Under("/etc/machine-id"), "0123456789abcdef0123456789abcdef\n");
        Put(_options.Under("/var/lib/dbus/machine-id"), "0123456789abcdef0123456789abcdef\n");
        Assert.Equal(ExitCodes.Usage, await RunAsync(sure: true));
        Assert.Contains("--everything", _words.ToString(), StringComparison.Ordinal);
        Assert.True(File.Exists(_options.Under(_options.CloneMark)) && File.Exists(_options.State("identity/node.key")));

        Assert.Equal(ExitCodes.Ok, await RunAsync(sure: true, everything: true));
        Assert.False(File.Exists(_options.Under(_options.CloneMark)) || Directory.Exists(_options.Under("/var/lib/docker/swarm")));
        string machine = File.ReadAllText(_options.Under("/etc/machine-id"));
        Assert.Matches("^[0-9a-f]{32}\n$", machine);
        Assert.NotEqual("0123456789abcdef0123456789abcdef\n", machine);
        Assert.Equal(machine, File.ReadAllText(_options.Under("/var/lib/dbus/machine-id")));
    }

    [Fact]
    public async Task Damage_in_the_list_of_keys_does_not_keep_the_identity_alive()
    {
        Put(_options.State("ssh-keys.json"), "{");
        Assert.Equal(ExitCodes.Io, await RunAsync(sure: true));
        Assert.Contains("ssh-keys.json", _words.ToString(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_options.State("identity")) || File.Exists(_options.State("epoch")));
    }

    [Fact]
    public void Orders_to_another_node_are_forgotten_and_those_to_this_one_are_not()
    {
        LeadersOrders.KeepOnly(_options, new NodeId("one"));
        Assert.True(File.Exists(_options.State("assignment")) && File.Exists(_options.State("epoch")));
        LeadersOrders.KeepOnly(_options, new NodeId("one"));
        Assert.True(File.Exists(_options.State("assignment")) && File.Exists(_options.State("epoch")));
        LeadersOrders.KeepOnly(_options, new NodeId("two"));
        Assert.False(File.Exists(_options.State("assignment")) || File.Exists(_options.State("epoch")));
    }

    public void Dispose()
    {
        _words.Dispose();
        Directory.Delete(_options.Root, recursive: true);
    }

    private Task<int> RunAsync(bool sure, bool everything = false) => ResetIdentityCommand.RunAsync(_options, sure, everything, _words, TestContext.Current.CancellationToken);

    private static void Put(string path, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
    }
}
