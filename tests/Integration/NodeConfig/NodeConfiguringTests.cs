using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Agent;
using RpiAgent.Agent.Boot;
using RpiAgent.Agent.Enrolment;
using RpiAgent.Agent.Grpc;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Identity;
using Xunit;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Tests.Integration.NodeConfig;

/// <summary>What the coordinator hears of the node's own configuration, which is made in a folder that stands for the node's root.</summary>
public sealed class NodeConfiguringTests : IDisposable
{
    private static readonly Uri Coordinator = new("https://127.0.0.1:7444");
    private readonly string _root = Directory.CreateTempSubdirectory("node").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task An_order_that_comes_while_the_node_puts_itself_in_order_is_under_way_until_it_is_carried_out()
    {
        await using Node node = new(_root);
        Task ordered = Task.CompletedTask;
        node.Told = count => ordered = count == 1 ? node.OrderAsync("pi2", "r2") : ordered;
        await node.Configuring.ApplyAsync(Cancel);
        await ordered;
        Assert.Equal(["r1 applying", "r2 applying", "r2 applying"], node.Tellings);
        await node.HearsAsync("r2 applied");
        Assert.Equal("pi2\n", await File.ReadAllTextAsync(Path.Join(_root, "etc/hostname"), Cancel));
        Assert.DoesNotContain("r1 applied", node.Tellings);
    }

    [Fact]
    public async Task An_order_whose_end_cannot_be_written_down_is_told_and_brought_to_its_end_once_there_is_room()
    {
        await using Node node = new(_root);
        await node.Configuring.ApplyAsync(Cancel);
        await node.OrderAsync("pi2", "r2");
        string inTheWay = Path.Join(_root, "var/lib/rpi-agent/identity/.enrolment.json.new");
        Directory.CreateDirectory($"{inTheWay}/full");
        await node.HearsAsync("r2 failed");
        Assert.StartsWith("E_", (await Assert.ThrowsAsync<NodeRefusedException>(() => node.OrderAsync("pi3", "r3"))).Message, StringComparison.Ordinal);

        Directory.Delete(inTheWay, recursive: true);
        await node.Configuring.ApplyAsync(Cancel);
        Assert.Equal("r2 applied", node.Tellings.Last());
        await node.OrderAsync("pi3", "r3");
    }

    [Fact]
    public async Task An_order_that_cannot_be_written_down_is_refused_with_the_reason()
    {
        await using Node node = new(_root);
        Directory.CreateDirectory(Path.Join(_root, "var/lib/rpi-agent/identity/.enrolment.json.new/full"));
        Assert.Contains("E_READONLY_ROOT", (await Assert.ThrowsAsync<NodeRefusedException>(() => node.OrderAsync("pi2", "r2"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Orders_and_renewals_at_the_same_time_leave_a_whole_file_with_both()
    {
        await using Node node = new(_root);
        string path = Path.Join(_root, "var/lib/rpi-agent/identity/enrolment.json");
        EnrolledSpec told = node.Store.LoadWherever()!.Spec with { ConsulToken = "second" };
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => Task.Run(() =>
        {
            node.Store.Change(saved => i % 2 == 0 ? saved with { Next = saved.Spec with { Revision = $"r{i}" } } : saved.Renewed(saved.Board, told));
            Assert.NotEmpty(File.ReadAllBytes(path));
        })));
        SavedEnrolment last = node.Store.LoadWherever()!.Saved;
        Assert.Equal("second", last.Spec.ConsulToken);
        Assert.NotNull(last.Next);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>An enrolled node whose root is a folder.</summary>
    private sealed class Node : IAsyncDisposable
    {
        private readonly CurrentNode _node;
        private readonly NodeConfigurator _configurator;
        private readonly NodeAddress _address;
        private readonly NodeHost _host;

        public Node(string root)
        {
            AgentOptions options = new() { Root = root };
            Store = new IdentityStore(options);
            _node = new CurrentNode(Enrol(Store, new EnrolledSpec("pi1", new EnrolledNetwork("eth0", "", "", "", []), [], new Uri("https://127.0.0.1:8501"), "token") { Revision = "r1" }));
            TrustClock clock = new(TimeProvider.System);
            LiveCredentials live = new(_node.Current.Credentials);
            ClusterTls tls = new(live, clock, NullLogger<ClusterTls>.Instance);
            _configurator = new NodeConfigurator(options, TimeProvider.System, NullLoggerFactory.Instance);
            _address = new NodeAddress(Coordinator, TimeProvider.System, NullLogger<NodeAddress>.Instance);
            Configuring = new NodeConfiguring(
                _node, Store, _address, _configurator, new ContactConfirmer(new CoordinatorClient(clock, TimeProvider.System), tls, live, clock), new CommandRunner(TimeProvider.System), NullLogger<NodeConfiguring>.Instance);
            _host = Configuring.Host((_, _) => Task.CompletedTask);
            Configuring.Tell = status =>
            {
                Tellings.Enqueue($"{status.Revision} {status.State}");
                Told(Tellings.Count);
            };
        }

        public IdentityStore Store { get; }

        public NodeConfiguring Configuring { get; }

        public ConcurrentQueue<string> Tellings { get; } = [];

        /// <summary>Gets how many there are.</summary>
        public Action<int> Told { get; set; } = _ => { };

        public Task OrderAsync(string name, string revision) =>
            _host.Configure(new Wire.NodeSpec { Name = name, Network = new Wire.NetworkSpec { Interface = "eth0" }, Revision = revision }, Cancel);

        public async Task HearsAsync(string telling)
        {
            for (int i = 0; i < 300 && !Tellings.Contains(telling); i++)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, Cancel);
            }

            Assert.Contains(telling, Tellings);
        }

        public async ValueTask DisposeAsync()
        {
            await Configuring.DisposeAsync();
            _configurator.Dispose();
            _address.Dispose();
            _node.Dispose();
        }
    }

    private static EnrolledNode Enrol(IdentityStore store, EnrolledSpec spec)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using CertificateAuthority authority = CertificateAuthority.Create("test", now, TimeSpan.FromDays(9));
        using ECDsa key = store.PrepareKey(new Board());
        Assert.True(authority.TrySign(CredentialFiles.RequestFor(key), new PeerIdentity(PeerRole.Node, "1"), HostNames.None, now, TimeSpan.FromDays(1), out X509Certificate2? certificate, out _));
        using (certificate)
        {
            SavedEnrolment saved = new() { Coordinator = Coordinator, Board = new Board { Serial = "s1" }, Spec = spec };
            return store.Save(saved, certificate.ExportCertificatePem(), authority.Certificate.ExportCertificatePem());
        }
    }
}
