using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Agent.Enrolment;
using RpiAgent.Coordinator;
using RpiAgent.Identity;
using RpiAgent.Protos;
using RpiAgent.Tests.Integration.Support;
using Xunit;

namespace RpiAgent.Tests.Integration.Enrolment;

/// <summary>The way from a question in the network to a proven coordinator, among machines that lie.</summary>
public sealed class CoordinatorSearchTests(ConsulServer consul) : IClassFixture<ConsulServer>
{
    private static readonly NullLogger<CoordinatorSearch> Log = NullLogger<CoordinatorSearch>.Instance;
    private readonly DiscoveryAsker _asker = new(TimeProvider.System, Log);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_address_that_never_answers_does_not_hold_up_the_true_one()
    {
        consul.RequireConsul();
        CoordinatorOptions options = new() { StateDirectory = consul.Options.StateDirectory, AdvertiseAddress = "127.0.0.1", Consul = consul.Options.Consul };
        await using CoordinatorServer server = await CoordinatorServer.StartAsync(consul, options, TimeProvider.System);
        using TcpListener silent = new(IPAddress.Loopback, 0);
        silent.Start();
        Uri hole = new($"https://{silent.LocalEndpoint}"), closed = new($"https://127.0.0.1:{FreePorts.Take(1)[0]}");
        CoordinatorSearch search = new(new CoordinatorClient(new TrustClock(TimeProvider.System), TimeProvider.System), _asker, TimeProvider.System, Log);
        Stopwatch taken = Stopwatch.StartNew();

        FoundCoordinator found = await search.FirstProvenAsync([hole, closed, server.Url], server.Authority.Digest, Cancel);

        Assert.Equal((server.Url, null), (found.Address, found.WhyNot));
        Assert.True(taken.Elapsed < TimeSpan.FromSeconds(10), $"it took {taken.Elapsed}");
        FoundCoordinator other = await search.FirstProvenAsync([server.Url], new string('b', 64), Cancel);
        Assert.Null(other.Address);
        Assert.Contains("of another cluster", other.WhyNot, StringComparison.Ordinal);
    }

    /// <summary>The flood is sent before the true answer, and its copy of an answer to somebody else's question, too.</summary>
    [Fact]
    public async Task A_flood_of_answers_before_the_true_one_is_listened_through()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(new IPEndPoint(IPAddress.Any, DiscoveryMessage.Port));
        IPAddress? own = FirstOwnAddress();
        Needed.Have(own is not null, "this machine has no network interface");
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(DiscoveryMessage.Group, own!));
        Task answering = AnswerAsync(socket, own!);

        DiscoveryAnswer[] answers = await _asker.AskAsync("", Cancel);

        Assert.Contains(answers, answer => answer.Named.Contains(new IPEndPoint(own!, 7444)));
        Assert.DoesNotContain(answers, answer => answer.Named.Contains(new IPEndPoint(own!, 1)));
        Assert.Equal(new IPEndPoint(own!, 7444), DiscoveryCandidates.Pick(answers)[0]);
        await answering;
    }

    private static IPAddress? FirstOwnAddress()
    {
        try
        {
            using Socket probe = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            probe.Connect(DiscoveryMessage.Group, DiscoveryMessage.Port);
            return ((IPEndPoint)probe.LocalEndPoint!).Address;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private static async Task AnswerAsync(Socket socket, IPAddress own)
    {
        byte[] buffer = new byte[1500];
        while (true)
        {
            SocketReceiveFromResult received = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), Cancel);
            if (!DiscoveryMessage.IsQuery(buffer.AsSpan(0, received.ReceivedBytes), out ushort id) || !((IPEndPoint)received.RemoteEndPoint).Address.Equals(own))
            {
                continue;
            }

            for (byte host = 1; host < 40; host++)
            {
                await socket.SendToAsync(DiscoveryMessage.Answer(id, true, "forged", new IPAddress([10, 9, 8, host]), 7444), received.RemoteEndPoint, Cancel);
            }

            await socket.SendToAsync(DiscoveryMessage.Answer((ushort)(id + 1), true, "other", own, 1), received.RemoteEndPoint, Cancel);
            await socket.SendToAsync(DiscoveryMessage.Answer(id, true, "true", own, 7444), received.RemoteEndPoint, Cancel);
            return;
        }
    }
}
