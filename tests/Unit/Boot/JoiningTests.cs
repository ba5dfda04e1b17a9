using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Agent;
using RpiAgent.Agent.Boot;
using RpiAgent.Agent.Boot.Card;
using RpiAgent.Agent.Enrolment;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Identity;
using Xunit;

namespace RpiAgent.Tests.Unit.Boot;

public sealed class JoiningTests : IDisposable
{
    private static readonly DateTimeOffset Today = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);
    private readonly AgentOptions _options = new() { Root = Directory.CreateTempSubdirectory("joining").FullName };

    [Fact]
    public async Task An_identity_is_expired_only_by_a_clock_that_had_its_time_to_be_set()
    {
        IdentityStore store = new(_options);
        string serial = Enrol(store, Today + TimeSpan.FromDays(90));
        WallClock time = new() { Now = Today + TimeSpan.FromDays(3650) }; // what its battery says
        List<string> told = [];

        EnrolledNode node = await Joining(store, time, told, () => time.Now = Today).RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal(serial, node.Credentials.Certificate.SerialNumber);
        Assert.Equal(["waiting for the clock"], told);
    }

    public void Dispose() => Directory.Delete(_options.Root, recursive: true);

    private Joining Joining(IdentityStore store, WallClock time, List<string> told, Action setClock)
    {
        TrustClock clock = new(time);
        CommandRunner commands = new(time);
        CoordinatorClient coordinator = new(clock, time);
        CoordinatorSearch search = new(coordinator, new DiscoveryAsker(time, NullLogger<CoordinatorSearch>.Instance), time, NullLogger<CoordinatorSearch>.Instance);
        CardOrder card = new(
            _options, new CardDesk(_options, commands, NullLogger<CardDesk>.Instance),
            new CardConfiguration(_options, new NodeConfigurator(_options, time, NullLoggerFactory.Instance), coordinator, search, commands, time, NullLogger<CardConfiguration>.Instance),
            search, time, NullLogger<CardOrder>.Instance);
        Enroller enroller = new(store, new BoardReader(_options), coordinator, clock, time, NullLogger<Enroller>.Instance);
        return new Joining(enroller, card, WaitAsync, told.Add, clock, time, NullLogger<Joining>.Instance);

        Task WaitAsync(Action<string> tell, CancellationToken cancel)
        {
            tell("waiting for the clock");
            setClock();
            return Task.CompletedTask;
        }
    }

    /// <summary>One that can be set back while the monotonic one goes on.</summary>
    private sealed class WallClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }

    private static string Enrol(IdentityStore store, DateTimeOffset end)
    {
        using CertificateAuthority authority = CertificateAuthority.Create("test", Today, TimeSpan.FromDays(3650));
        using ECDsa key = store.PrepareKey(new Board());
        Assert.True(authority.TrySign(CredentialFiles.RequestFor(key), new PeerIdentity(PeerRole.Node, "1"), HostNames.None, Today, end - Today, out X509Certificate2? certificate, out _));
        using (certificate)
        {
            SavedEnrolment saved = new() { Coordinator = new Uri("https://127.0.0.1:1"), Board = new Board(), Spec = new EnrolledSpec("pi1", new EnrolledNetwork("", "dhcp", "", "", []), [], new Uri("https://127.0.0.1:2"), "") };
            return store.Save(saved, certificate.ExportCertificatePem(), authority.Certificate.ExportCertificatePem()).Credentials.Certificate.SerialNumber;
        }
    }
}
