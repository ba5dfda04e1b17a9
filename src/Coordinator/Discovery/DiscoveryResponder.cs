using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Discovery;

/// <summary>
/// Tells Pis whose card names no coordinator where this one is: a responder of multicast DNS for one service. It shares the port with
/// avahi-daemon. Only the leader answers, and only hosts of its own network: elsewhere an answer could be used to flood somebody.
/// </summary>
internal sealed partial class DiscoveryResponder(CoordinatorOptions options, ClusterState state, TimeProvider time, ILogger<DiscoveryResponder> log) : BackgroundService
{
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(30);

    /// <summary>A multicast answer reaches everybody: RFC 6762, 6, allows one a second, however many ask.</summary>
    private static readonly TimeSpan BetweenMulticasts = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!Ipv4.TryParse(options.AdvertiseAddress, out Ipv4 own))
        {
            LogNoAddress(options.AdvertiseAddress);
            return;
        }

        IPAddress address = own.ToIPAddress();
        string told = "";
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await AnswerAsync(address, stoppingToken);
            }
            catch (Exception e) when (e is SocketException or NetworkInformationException)
            {
                if (told != e.Message)
                {
                    told = e.Message;
                    LogNotFound(address, e.Message);
                }

                await Task.Delay(TryAgain, time, stoppingToken);
            }
        }
    }

    private async Task AnswerAsync(IPAddress address, CancellationToken cancel)
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(new IPEndPoint(IPAddress.Any, DiscoveryMessage.Port));
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(DiscoveryMessage.Group, address));
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, address.GetAddressBytes());
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastTimeToLive, 255);
        byte[] buffer = new byte[9000];
        IPNetwork? neighbours = null;
        long? looked = null, multicast = null;
        while (true)
        {
            SocketReceiveFromResult received = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), cancel);
            IPEndPoint asker = (IPEndPoint)received.RemoteEndPoint;
            if (!DiscoveryMessage.IsQuery(buffer.AsSpan(0, received.ReceivedBytes), out ushort id) || !state.Current.Leader.Here)
            {
                continue;
            }

            if (looked is not { } then || time.GetElapsedTime(then) > TryAgain)
            {
                (neighbours, looked) = (NetworkOf(address), time.GetTimestamp());
            }

            bool isLegacy = asker.Port != DiscoveryMessage.Port;
            if (neighbours?.Contains(asker.Address) != true || (!isLegacy && multicast is { } last && time.GetElapsedTime(last) < BetweenMulticasts))
            {
                continue;
            }

            multicast = isLegacy ? multicast : time.GetTimestamp();
            byte[] answer = DiscoveryMessage.Answer(id, isLegacy, options.Id, address, options.Port);
            await socket.SendToAsync(answer, isLegacy ? asker : new IPEndPoint(DiscoveryMessage.Group, DiscoveryMessage.Port), cancel);
        }
    }

    /// <summary>The network of the interface that has our address.</summary>
    private static IPNetwork? NetworkOf(IPAddress own) =>
        NetworkInterface.GetAllNetworkInterfaces().SelectMany(one => one.GetIPProperties().UnicastAddresses)
            .Where(one => one.Address.Equals(own)).Select(one => (IPNetwork?)new IPNetwork(Masked(own, one.PrefixLength), one.PrefixLength)).FirstOrDefault();

    private static IPAddress Masked(IPAddress address, int length)
    {
        byte[] bytes = address.GetAddressBytes();
        for (int bit = length; bit < 32; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }

        return new IPAddress(bytes);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Pis whose card names no coordinator cannot find this one at {Address}: {Reason}")]
    private partial void LogNotFound(IPAddress address, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Pis whose card names no coordinator cannot find this one: its address '{Address}' is not IPv4")]
    private partial void LogNoAddress(string address);
}
