using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Enrolment;

/// <summary>Asks the networks of this machine's interfaces for coordinators (RFC 6762, 6.7) and listens for a moment.</summary>
internal sealed partial class DiscoveryAsker(TimeProvider time, ILogger<CoordinatorSearch> logger)
{
    /// <summary>In one moment from one network; who floods must not fill the memory.</summary>
    private const int MostAnswers = 256, MostOfOne = 4;
    private static readonly TimeSpan Listen = TimeSpan.FromSeconds(1.5);

    /// <param name="throughInterface">The only interface to ask over; empty for any.</param>
    /// <returns>In random order, so that none can see to it that it comes first.</returns>
    public async Task<DiscoveryAnswer[]> AskAsync(string throughInterface, CancellationToken cancel)
    {
        List<DiscoveryAnswer>[] answers = await Task.WhenAll(OwnAddresses(throughInterface).Select(address => AskFromAsync(address, cancel)));
        DiscoveryAnswer[] all = [.. answers.SelectMany(one => one)];
        RandomNumberGenerator.Shuffle<DiscoveryAnswer>(all);
        return all;
    }

    private IPAddress[] OwnAddresses(string throughInterface)
    {
        try
        {
            return [.. NetworkInterface.GetAllNetworkInterfaces()
                .Where(one => one.OperationalStatus == OperationalStatus.Up && one.NetworkInterfaceType != NetworkInterfaceType.Loopback)
                .Where(one => throughInterface.Length == 0 || one.Name == throughInterface)
                .SelectMany(one => one.GetIPProperties().UnicastAddresses).Select(one => one.Address)
                .Where(one => one.AddressFamily == AddressFamily.InterNetwork)];
        }
        catch (NetworkInformationException e)
        {
            LogNotAsked(IPAddress.Any, e.Message); // an interface that went meanwhile
            return [];
        }
    }

    private async Task<List<DiscoveryAnswer>> AskFromAsync(IPAddress own, CancellationToken cancel)
    {
        List<DiscoveryAnswer> found = [];
        ushort id = (ushort)RandomNumberGenerator.GetInt32(0x10000);
        using CancellationTokenSource enough = new(Listen, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(enough.Token, cancel);
        try
        {
            using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(own, 0));
            socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, own.GetAddressBytes());
            socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastTimeToLive, 255);
            await socket.SendToAsync(DiscoveryMessage.Query(id), new IPEndPoint(DiscoveryMessage.Group, DiscoveryMessage.Port), either.Token);
            byte[] buffer = new byte[9000];
            while (found.Count < MostAnswers)
            {
                SocketReceiveFromResult received = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), either.Token);
                IPAddress sender = ((IPEndPoint)received.RemoteEndPoint).Address;
                if (DiscoveryMessage.ReadAnswer(buffer.AsSpan(0, received.ReceivedBytes), id) is { IsEmpty: false } named
                    && (named.Any(one => one.Address.Equals(sender)) || found.Count(one => one.Sender.Equals(sender)) < MostOfOne))
                {
                    found.Add(new DiscoveryAnswer(sender, named));
                }
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // Listened long enough.
        }
        catch (SocketException e)
        {
            LogNotAsked(own, e.Message);
        }

        return found;
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Cannot ask from {Own}: {Reason}")]
    private partial void LogNotAsked(IPAddress own, string reason);
}
