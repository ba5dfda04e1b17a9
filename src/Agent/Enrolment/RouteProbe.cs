using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using RpiAgent.Identity;

namespace RpiAgent.Agent.Enrolment;

/// <summary>The address and interface from which this node reaches another.</summary>
/// <param name="Address">IPv4, or empty without a route.</param>
/// <param name="Interface">Empty when no interface has that address.</param>
internal sealed record OwnRoute(string Address, string Interface)
{
    public static OwnRoute None { get; } = new("", "");
}

internal static class RouteProbe
{
    private const int AnyPort = 9;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <param name="throughInterface">The only interface that counts; empty for any.</param>
    public static async Task<OwnRoute> ToAsync(Uri peer, CancellationToken cancel, string throughInterface = "") =>
        await ResolveAsync(peer, cancel) is { } address ? To(address, throughInterface) : OwnRoute.None;

    /// <summary>The IPv4 of a host; null when nobody can tell now.</summary>
    public static async Task<IPAddress?> ResolveAsync(Uri peer, CancellationToken cancel)
    {
        try
        {
            // The library's own waiting heeds no token once it has begun.
            return (await Dns.GetHostAddressesAsync(peer.Host, AddressFamily.InterNetwork, cancel).WaitAsync(Patience, cancel)).FirstOrDefault();
        }
        catch (Exception e) when (e is SocketException or TimeoutException)
        {
            return null;
        }
    }

    /// <summary>Asks the kernel's routing; nothing is sent.</summary>
    /// <param name="throughInterface">The only interface that counts; empty for any.</param>
    public static OwnRoute To(IPAddress peer, string throughInterface = "")
    {
        try
        {
            using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            if (throughInterface.Length > 0)
            {
                ClusterChannel.BindTo(socket, throughInterface);
            }

            socket.Connect(peer, AnyPort);
            IPAddress? own = (socket.LocalEndPoint as IPEndPoint)?.Address;
            return own is null ? OwnRoute.None : new OwnRoute(own.ToString(), InterfaceOf(own));
        }
        catch (SocketException)
        {
            return OwnRoute.None;
        }
    }

    private static string InterfaceOf(IPAddress own) =>
        NetworkInterface.GetAllNetworkInterfaces()
            .FirstOrDefault(candidate => candidate.GetIPProperties().UnicastAddresses.Any(address => address.Address.Equals(own)))?.Name ?? "";
}
