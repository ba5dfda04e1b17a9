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
        CancellationToken cancel = TestContext.Current.CancellationToken;
        AgentOptions options = new() { Root = _root };
        IdentityStore store = new(options);
        using CurrentNode node = new(Enrol(store, new EnrolledSpec("pi1", new EnrolledNetwork("eth0", "", "", "", []), [], new Uri("https://127.0.0.1:8501"), "token") { Revision = "r1" }));
        TrustClock clock = new(TimeProvider.System);
        ClusterTls tls = new(new LiveCredentials(node.Current.Credentials), clock, NullLogger<ClusterTls>.Instance);
        using NodeConfigurator configurator = new(options, TimeProvider.System, NullLoggerFactory.Instance);
        using NodeAddress address = new(Coordinator, TimeProvider.System);
        using NodeConfiguring configuring = new(
            node, store, address, configurator, new ContactConfirmer(new CoordinatorClient(clock, TimeProvider.System), tls, clock), new CommandRunner(TimeProvider.System), NullLogger<NodeConfiguring>.Instance);
        NodeHost host = configuring.Host((_, _) => Task.CompletedTask);
        ConcurrentQueue<string> told = [];
        TaskCompletionSource applied = new();
        Task ordered = Task.CompletedTask;
        configuring.Tell = status =>
        {
            told.Enqueue($"{status.Revision} {status.State}");
            if (told.Count == 1)
            {
                ordered = host.Configure(new Wire.NodeSpec { Name = "pi2", Network = new Wire.NetworkSpec { Interface = "eth0" }, Revision = "r2" }, cancel);
            }
            else if (status is { Revision: "r2", State: "applied" })
            {
                applied.SetResult();
            }
        };

        await configuring.ApplyAsync(cancel);
        await ordered;
        Assert.Equal(["r1 applying", "r2 applying", "r2 applying"], told);
        await applied.Task.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, cancel);
        Assert.Equal("pi2\n", await File.ReadAllTextAsync(Path.Join(_root, "etc/hostname"), cancel));
        Assert.DoesNotContain("r1 applied", told);
    }

    private static EnrolledNode Enrol(IdentityStore store, EnrolledSpec spec)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using CertificateAuthority authority = CertificateAuthority.Create("test", now, TimeSpan.FromDays(9));
        using ECDsa key = store.PrepareKey();
        Assert.True(authority.TrySign(CredentialFiles.RequestFor(key), new PeerIdentity(PeerRole.Node, "1"), HostNames.None, now, TimeSpan.FromDays(1), out X509Certificate2? certificate, out _));
        using (certificate)
        {
            SavedEnrolment saved = new() { Coordinator = Coordinator, Board = new Board { Serial = "s1" }, Spec = spec };
            return store.Save(saved, certificate.ExportCertificatePem(), authority.Certificate.ExportCertificatePem());
        }
    }
}
