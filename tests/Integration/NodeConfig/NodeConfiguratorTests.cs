using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Agent;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Agent.NodeConfig.Cli;
using RpiAgent.Agent.NodeConfig.DockerOptions;
using RpiAgent.Agent.NodeConfig.Transaction;
using Xunit;

namespace RpiAgent.Tests.Integration.NodeConfig;

/// <summary>The whole way from a wish to files, in a folder that stands for a node's root, with the real rollback script.</summary>
public sealed class NodeConfiguratorTests : IDisposable
{
    private const string Interfaces = "auto eth0\niface eth0 inet dhcp\n";
    private static readonly NodeSpec Wish = new("pi1", AddressWish.Static("eth0", "192.168.1.102/24", "192.168.1.1", ["192.168.1.1"]), ["--log-driver=local"]);

    private readonly string _root = Directory.CreateTempSubdirectory("node").FullName;
    private readonly AgentOptions _options;
    private readonly NodeConfigurator _configurator;

    public NodeConfiguratorTests()
    {
        _options = new AgentOptions { Root = _root, NetworkConfirmSeconds = 30 };
        Put("/etc/hostname", "raspberrypi\n");
        Put("/etc/hosts", "127.0.1.1 raspberrypi\n");
        Put("/etc/network/interfaces", Interfaces);
        Put("/etc/resolv.conf", "nameserver 10.0.0.1\n");
        Put("/usr/lib/rpi-agent/net-rollback.sh", File.ReadAllText(Path.Join(AppContext.BaseDirectory, "NodeConfig", "net-rollback.sh")));
        File.SetUnixFileMode(Path.Join(_root, "usr/lib/rpi-agent/net-rollback.sh"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        _configurator = new NodeConfigurator(_options, TimeProvider.System, NullLoggerFactory.Instance);
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
        Assert.Equal("# Words of rpi-agent: --log-driver=local\nDOCKER_OPTS=\"--log-driver=local\"\n", Get("/etc/default/docker"));
        Assert.Equal([Path.Join(_root, "var/lib/rpi-agent/net/original")], Directory.GetFileSystemEntries(Path.Join(_root, "var/lib/rpi-agent/net")));
        Assert.DoesNotContain(Directory.GetFiles(_root, ".*", SearchOption.AllDirectories), path => path.Contains(".rpi-", StringComparison.Ordinal));

        NodeConfigOutcome again = await _configurator.ApplyAsync(Wish, (_, _) => Task.FromResult(false), TestContext.Current.CancellationToken);
        Assert.Equal(NodeConfigResult.Unchanged, again.Result);
    }

    [Fact]
    public async Task Engine_options_that_were_found_not_to_work_are_tried_again_only_by_order()
    {
        NodeSpec options = new("", null, ["--log-driver=local"]);
        byte[] content = "# Words of rpi-agent: --log-driver=local\nDOCKER_OPTS=\"--log-driver=local\"\n"u8.ToArray();
        string digest = FailedChange.DigestOf(ImmutableSortedDictionary<string, byte[]>.Empty.Add("/etc/default/docker", content));
        Put("/var/lib/rpi-agent/docker/failed-change", $"{digest}\ndocker does not start\n");
        NodeConfigOutcome known = await _configurator.ApplyAsync(options, (_, _) => Task.FromResult(true), TestContext.Current.CancellationToken);
        Assert.Equal((NodeConfigResult.RolledBack, "docker does not start"), (known.Result, known.Detail));
        Assert.False(File.Exists(Path.Join(_root, "etc/default/docker")));

        NodeConfigOutcome ordered = await _configurator.ApplyAsync(options with { TriesWhatFailed = true }, (_, _) => Task.FromResult(true), TestContext.Current.CancellationToken);
        Assert.Equal(NodeConfigResult.Changed, ordered.Result);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Join(_root, "var/lib/rpi-agent/docker")));
    }

    [Fact]
    public async Task Engine_options_that_a_boot_took_back_are_told_and_not_tried_at_each_boot_again()
    {
        NodeSpec order = new("", null, ["--log-driver=local"]) { OrderedBy = "order r1", TriesWhatFailed = true };
        Put("/var/lib/rpi-agent/docker/last-failed/txn.json", """{"id":"1","iface":"docker","backend":"engine","boot_id":"b","phase":"applied","deadline_s":45,"requested_by":"order r1","reason":"r"}""");
        Put("/var/lib/rpi-agent/docker/last-failed/reason", "the node restarted before the engine was known to run\n");
        NodeConfigOutcome told = await _configurator.ApplyAsync(order, (_, _) => Task.FromResult(true), TestContext.Current.CancellationToken);
        Assert.Equal((NodeConfigResult.RolledBack, "the node restarted before the engine was known to run"), (told.Result, told.Detail));
        Assert.False(File.Exists(Path.Join(_root, "etc/default/docker")));

        // Ordered again, however long after, it is tried: by an agent of another day, too.
        using NodeConfigurator later = new(_options, TimeProvider.System, NullLoggerFactory.Instance);
        later.ForgetFailure("order r1");
        using NodeConfigurator latest = new(_options, TimeProvider.System, NullLoggerFactory.Instance);
        NodeConfigOutcome again = await latest.ApplyAsync(order, (_, _) => Task.FromResult(true), TestContext.Current.CancellationToken);
        Assert.Equal(NodeConfigResult.Changed, again.Result);
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
        await BootAsync();
        Assert.Equal(Interfaces, Get("/etc/network/interfaces"));
        Assert.Equal("nameserver 10.0.0.1\n", Get("/etc/resolv.conf"));
        Assert.Equal("# edited by somebody else\n", Get("/var/lib/rpi-agent/net/last-failed/1.interfaces"));
        Assert.Contains("/etc/network/interfaces was edited meanwhile; that version is in last-failed", new NetworkControl(_options).Describe(), StringComparison.Ordinal);
        Assert.Equal(["last-failed"], Directory.GetFileSystemEntries(Path.Join(_root, "var/lib/rpi-agent/net")).Select(path => Path.GetFileName(path)));
    }

    [Fact]
    public async Task What_a_DHCP_client_writes_during_a_change_that_is_taken_back_is_nobodys_edit()
    {
        Put("/etc/network/interfaces", "auto eth0\niface eth0 inet static\n  address 192.168.1.5/24\n");
        NodeConfigOutcome outcome = await _configurator.ApplyAsync(new NodeSpec("", AddressWish.Dhcp("eth0"), []), async (change, cancel) =>
        {
            Put("/etc/resolv.conf", "nameserver 10.9.9.9\n");
            await new NetworkControl(_options).RollBackAsync(change.Id, "taken back by hand", cancel);
            return false;
        }, TestContext.Current.CancellationToken);
        Assert.Equal((NodeConfigResult.RolledBack, "taken back by hand", "nameserver 10.0.0.1\n"), (outcome.Result, outcome.Detail, Get("/etc/resolv.conf")));
    }

    /// <summary>The marker says so a moment before the note for the process that waits is there.</summary>
    [Fact]
    public async Task A_change_that_another_process_has_just_confirmed_is_not_told_as_taken_back()
    {
        NodeConfigOutcome outcome = await _configurator.ApplyAsync(Wish, (_, _) =>
        {
            const string marker = "/var/lib/rpi-agent/net/txn.json";
            Put(marker, Get(marker).Replace("\"applied\"", "\"confirmed\"", StringComparison.Ordinal));
            return Task.FromResult(false);
        }, TestContext.Current.CancellationToken);
        Assert.Equal((NodeConfigResult.Changed, ""), (outcome.Result, outcome.Detail));
    }

    [Fact]
    public async Task A_change_for_the_next_boot_waits_for_it_is_tried_once_and_can_be_forgotten()
    {
        NodeSpec atBoot = Wish with { HostName = "", DockerOptions = [], AtNextBoot = true };
        Assert.Equal(NodeConfigResult.Changed, (await _configurator.ApplyAsync(atBoot, NeverAsync, TestContext.Current.CancellationToken)).Result);
        Assert.Equal(Interfaces, Get("/etc/network/interfaces"));

        // Meanwhile the agent goes on with all else, and takes no other address.
        Assert.Equal(NodeConfigResult.Unchanged, (await _configurator.ApplyAsync(new NodeSpec("", null, []), NeverAsync, TestContext.Current.CancellationToken)).Result);
        Assert.StartsWith("E_TXN_PENDING", (await _configurator.ApplyAsync(Wish with { AtNextBoot = false }, NeverAsync, TestContext.Current.CancellationToken)).Detail, StringComparison.Ordinal);
        Assert.Contains("waits for the next boot", new NetworkControl(_options).Describe(), StringComparison.Ordinal);

        // The first boot has it, the second one is as before.
        await BootAsync();
        Assert.Contains("address 192.168.1.102", Get("/etc/network/interfaces"), StringComparison.Ordinal);
        await BootAsync();
        Assert.Equal(Interfaces, Get("/etc/network/interfaces"));
        Assert.Equal(["last-failed"], Directory.GetFileSystemEntries(Path.Join(_root, "var/lib/rpi-agent/net")).Select(path => Path.GetFileName(path)));

        // Answered in the first boot, it stays. Taken back before any boot, it never was.
        await _configurator.ApplyAsync(atBoot, NeverAsync, TestContext.Current.CancellationToken);
        await new NetworkControl(_options).RollBackAsync(new NetworkControl(_options).Pending!.Id, "taken back by hand", TestContext.Current.CancellationToken);
        Assert.Equal((Interfaces, null), (Get("/etc/network/interfaces"), new NetworkControl(_options).Pending?.Id));
        await _configurator.ApplyAsync(atBoot, NeverAsync, TestContext.Current.CancellationToken);
        await BootAsync();
        Assert.Equal(NodeConfigResult.Unchanged, (await _configurator.ApplyAsync(new NodeSpec("", null, []), (_, _) => Task.FromResult(true), TestContext.Current.CancellationToken)).Result);
        await BootAsync();
        Assert.Contains("address 192.168.1.102", Get("/etc/network/interfaces"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_somebody_wrote_while_a_change_waits_for_the_next_boot_stays(bool isForgotten)
    {
        await _configurator.ApplyAsync(Wish with { AtNextBoot = true }, NeverAsync, TestContext.Current.CancellationToken);
        Put("/etc/network/interfaces", "# edited by somebody else\n");
        if (isForgotten)
        {
            await new NetworkControl(_options).RollBackAsync(new NetworkControl(_options).Pending!.Id, "taken back by hand", TestContext.Current.CancellationToken);
        }
        else
        {
            await BootAsync();
            Assert.Contains("/etc/network/interfaces was edited while the change waited for this boot", new NetworkControl(_options).Describe(), StringComparison.Ordinal);
        }

        Assert.Equal("# edited by somebody else\n", Get("/etc/network/interfaces"));
        Assert.Equal("nameserver 10.0.0.1\n", Get("/etc/resolv.conf"));
        Assert.Null(new NetworkControl(_options).Pending);
    }

    [Fact]
    public async Task A_change_that_waits_for_the_next_boot_is_not_swept_away_by_other_writes()
    {
        Put("/etc/network/interfaces", "auto eth0\niface eth0 inet static\n  address 192.168.1.102/24\n  gateway 192.168.1.1\n  dns-nameservers 192.168.1.1\n");
        Assert.Equal(["write /etc/resolv.conf"], (await _configurator.ApplyAsync(Wish with { HostName = "", DockerOptions = [] }, NeverAsync, TestContext.Current.CancellationToken)).Done);
        NodeSpec atBoot = new("", AddressWish.Static("eth0", "192.168.1.103/24", "192.168.1.1", ["9.9.9.9"]), []) { AtNextBoot = true };
        await _configurator.ApplyAsync(atBoot, NeverAsync, TestContext.Current.CancellationToken);
        await _configurator.ApplyAsync(new NodeSpec("", null, []), NeverAsync, TestContext.Current.CancellationToken);
        await BootAsync();
        Assert.Equal("nameserver 9.9.9.9\n", Get("/etc/resolv.conf"));
        Assert.Contains("address 192.168.1.103", Get("/etc/network/interfaces"), StringComparison.Ordinal);
        Assert.Equal(TransactionPhase.Applied, new NetworkControl(_options).Pending?.Phase);
        Assert.Equal(90, new NetworkControl(_options).Pending?.DeadlineSeconds); // the limit, and a minute for the system to come up
    }

    [Fact]
    public async Task An_order_that_a_boot_took_back_is_told_as_taken_back_and_not_just_done_again()
    {
        NodeSpec order = Wish with { HostName = "", DockerOptions = [], OrderedBy = "order r1" };
        using CancellationTokenSource killed = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _configurator.ApplyAsync(
            order,
            async (_, cancel) =>
            {
                await killed.CancelAsync();
                cancel.ThrowIfCancellationRequested();
                return false;
            },
            killed.Token));
        await BootAsync();

        using NodeConfigurator next = new(_options, TimeProvider.System, NullLoggerFactory.Instance);
        NodeConfigOutcome told = await next.ApplyAsync(order, (_, _) => Task.FromResult(true), TestContext.Current.CancellationToken);
        Assert.Equal((NodeConfigResult.RolledBack, Interfaces), (told.Result, Get("/etc/network/interfaces")));
        Assert.Contains("restarted before", told.Detail, StringComparison.Ordinal);

        // Who heard that may try again, and so may any other order.
        Assert.Equal(NodeConfigResult.Changed, (await next.ApplyAsync(order, (_, _) => Task.FromResult(true), TestContext.Current.CancellationToken)).Result);
        using NodeConfigurator later = new(_options, TimeProvider.System, NullLoggerFactory.Instance);
        Assert.Equal(NodeConfigResult.Unchanged, (await later.ApplyAsync(order, (_, _) => Task.FromResult(true), TestContext.Current.CancellationToken)).Result);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Each_file_is_kept_as_it_was_before_the_first_change_of_it_whoever_ends_the_change(bool byScript)
    {
        Put("/etc/network/interfaces", $"source /etc/network/interfaces.d/*\n{Interfaces}");
        Put("/etc/network/interfaces.d/eth1", "auto eth1\niface eth1 inet dhcp\n");
        await KeepAsync(AddressWish.Static("eth0", "192.168.1.102/24", null, []));
        await KeepAsync(AddressWish.Static("eth1", "192.168.2.102/24", null, []));
        await KeepAsync(AddressWish.Static("eth0", "192.168.1.103/24", null, []));

        string[][] kept = [.. File.ReadLines(Path.Join(_root, "var/lib/rpi-agent/net/original/manifest")).Select(line => line.Split(' ', 8)).Where(line => line.Length == 8)];
        Assert.Equal([$"{_root}/etc/network/interfaces", $"{_root}/etc/network/interfaces.d/eth1"], kept.Select(line => line[7]));
        Assert.Equal(
            [$"source /etc/network/interfaces.d/*\n{Interfaces}", "auto eth1\niface eth1 inet dhcp\n"],
            kept.Select(line => Get($"/var/lib/rpi-agent/net/original/{line[0]}.before")));
        Assert.Equal(["original"], Directory.GetFileSystemEntries(Path.Join(_root, "var/lib/rpi-agent/net")).Select(path => Path.GetFileName(path)));

        async Task KeepAsync(AddressWish wish)
        {
            NodeSpec spec = new("", wish, []);
            if (!byScript)
            {
                Assert.Equal(NodeConfigResult.Changed, (await _configurator.ApplyAsync(spec, (_, _) => Task.FromResult(true), TestContext.Current.CancellationToken)).Result);
                return;
            }

            // Cut after it was confirmed, and before the agent had put away what is left of it.
            using CancellationTokenSource stopped = new();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _configurator.ApplyAsync(
                spec,
                async (_, cancel) =>
                {
                    await stopped.CancelAsync();
                    cancel.ThrowIfCancellationRequested();
                    return false;
                },
                stopped.Token));
            Put("/var/lib/rpi-agent/net/txn.json", Get("/var/lib/rpi-agent/net/txn.json").Replace("\"applied\"", "\"confirmed\"", StringComparison.Ordinal));
            await BootAsync();
        }
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

    private static Task<bool> NeverAsync(TransactionMarker change, CancellationToken cancel) => Task.FromResult(false);

    private async Task BootAsync()
    {
        CommandResult boot = await new CommandRunner(TimeProvider.System).RunAsync(
            "env",
            [$"RPI_AGENT_NET={_root}/var/lib/rpi-agent/net", $"RPI_AGENT_RUN={_root}/run/rpi-agent", "RPI_AGENT_LINK=no", $"{_root}/usr/lib/rpi-agent/net-rollback.sh", "boot"],
            TimeSpan.FromSeconds(30),
            TestContext.Current.CancellationToken);
        Assert.True(boot.Succeeded, boot.Error);
    }

    private void Put(string path, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_root + path)!);
        File.WriteAllText(_root + path, content);
    }

    private string Get(string path) => File.ReadAllText(_root + path);
}
