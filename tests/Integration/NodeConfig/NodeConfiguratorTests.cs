using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Agent;
using RpiAgent.Agent.NodeConfig;
using Xunit;

namespace RpiAgent.Tests.Integration.NodeConfig;

/// <summary>The whole way from a wish to files, in a folder that stands for a node's root, with the real rollback script.</summary>
public sealed class NodeConfiguratorTests : IDisposable
{
    private const string Interfaces = "auto eth0\niface eth0 inet dhcp\n";
    private static readonly NodeSpec Wish = new("pi1", AddressWish.Static("eth0", "192.168.1.102/24", "192.168.1.1", ["192.168.1.1"]), ["--log-driver=local"]);

    private readonly string _root = Directory.CreateTempSubdirectory("node").FullName;
    private readonly NodeConfigurator _configurator;

    public NodeConfiguratorTests()
    {
        Put("/etc/hostname", "raspberrypi\n");
        Put("/etc/hosts", "127.0.1.1 raspberrypi\n");
        Put("/etc/network/interfaces", Interfaces);
        Put("/etc/resolv.conf", "nameserver 10.0.0.1\n");
        Put("/usr/lib/rpi-agent/net-rollback.sh", File.ReadAllText(Path.Join(AppContext.BaseDirectory, "NodeConfig", "net-rollback.sh")));
        File.SetUnixFileMode(Path.Join(_root, "usr/lib/rpi-agent/net-rollback.sh"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        _configurator = new NodeConfigurator(new AgentOptions { Root = _root, NetworkConfirmSeconds = 30 }, TimeProvider.System, NullLoggerFactory.Instance);
    }

    [Fact]
    public async Task A_confirmed_change_stays_and_leaves_nothing_behind()
    {
        NodeConfigOutcome outcome = await _configurator.ApplyAsync(Wish, (_, _) => Task.FromResult(true), TestContext.Current.CancellationToken);
        Assert.Equal((NodeConfigResult.Changed, ""), (outcome.Result, outcome.Detail));
        Assert.Contains("address 192.168.1.102", Get("/etc/network/interfaces"), StringComparison.Ordinal);
        Assert.Equal("nameserver 192.168.1.1\n", Get("/etc/resolv.conf"));
        Assert.Equal("pi1\n", Get("/etc/hostname"));
        Assert.Equal("127.0.1.1 pi1\n", Get("/etc/hosts"));
        Assert.Equal("DOCKER_OPTS=\"--log-driver=local\"\n", Get("/etc/default/docker"));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Join(_root, "var/lib/rpi-agent/net")));
        Assert.DoesNotContain(Directory.GetFiles(_root, ".*", SearchOption.AllDirectories), path => path.Contains(".rpi-", StringComparison.Ordinal));

        NodeConfigOutcome again = await _configurator.ApplyAsync(Wish, (_, _) => Task.FromResult(false), TestContext.Current.CancellationToken);
        Assert.Equal(NodeConfigResult.Unchanged, again.Result);
    }

    [Fact]
    public async Task A_change_that_an_agent_left_unconfirmed_is_taken_back_by_the_script()
    {
        using CancellationTokenSource stopped = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _configurator.ApplyAsync(
            Wish with { DockerOptions = [] },
            async (_, cancel) =>
            {
                await stopped.CancelAsync();
                cancel.ThrowIfCancellationRequested();
                return false;
            },
            stopped.Token));
        Assert.NotEqual(Interfaces, Get("/etc/network/interfaces"));

        Put("/etc/network/interfaces", "# edited by somebody else\n");
        CommandResult rollback = await new CommandRunner(TimeProvider.System).RunAsync(
            "env",
            [$"RPI_AGENT_NET={_root}/var/lib/rpi-agent/net", $"RPI_AGENT_RUN={_root}/run/rpi-agent", "RPI_AGENT_LINK=no", $"{_root}/usr/lib/rpi-agent/net-rollback.sh", "boot"],
            TimeSpan.FromSeconds(30),
            TestContext.Current.CancellationToken);
        Assert.True(rollback.Succeeded, rollback.Error);
        Assert.Equal(Interfaces, Get("/etc/network/interfaces"));
        Assert.Equal("nameserver 10.0.0.1\n", Get("/etc/resolv.conf"));
        Assert.Equal("# edited by somebody else\n", Get("/var/lib/rpi-agent/net/last-failed/1.interfaces"));
        Assert.Equal(["last-failed"], Directory.GetFileSystemEntries(Path.Join(_root, "var/lib/rpi-agent/net")).Select(path => Path.GetFileName(path)));
    }

    [Fact]
    public async Task A_refusal_changes_nothing()
    {
        Put("/etc/network/interfaces", "iface eth0 inet dchp\n");
        NodeConfigOutcome outcome = await _configurator.ApplyAsync(Wish, (_, _) => Task.FromResult(true), TestContext.Current.CancellationToken);
        Assert.Equal(NodeConfigResult.Refused, outcome.Result);
        Assert.StartsWith("E_PARSE: /etc/network/interfaces:1", outcome.Detail, StringComparison.Ordinal);
        Assert.Equal("raspberrypi\n", Get("/etc/hostname"));
        Assert.Equal("127.0.1.1 raspberrypi\n", Get("/etc/hosts"));
    }

    public void Dispose()
    {
        _configurator.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    private void Put(string path, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_root + path)!);
        File.WriteAllText(_root + path, content);
    }

    private string Get(string path) => File.ReadAllText(_root + path);
}
