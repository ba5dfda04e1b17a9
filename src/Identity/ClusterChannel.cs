using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Grpc.Net.Client;

namespace RpiAgent.Identity;

/// <summary>How a channel notices that the other side is gone.</summary>
/// <param name="PingEvery">At least a second; HTTP/2 ping while calls are open.</param>
/// <param name="PingTimeout">Without an answer for so long the connection is dropped.</param>
public readonly record struct KeepAlive(TimeSpan PingEvery, TimeSpan PingTimeout)
{
    public static KeepAlive Relaxed { get; } = new(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(10));
}

/// <summary>gRPC channels between members of the cluster, one connection each.</summary>
public static class ClusterChannel
{
    /// <summary>Longest pause between two attempts to connect (the library's default grows to two minutes).</summary>
    public static TimeSpan MaximumReconnectBackoff { get; } = TimeSpan.FromSeconds(5);

    /// <param name="mostBytes">Longest message that is taken.</param>
    /// <param name="throughInterface">The only interface that it may leave by, whatever the routes say; empty for any.</param>
    /// <exception cref="ArgumentException">The address is not https.</exception>
    public static GrpcChannel Create(Uri address, SslClientAuthenticationOptions tls, KeepAlive keepAlive, int mostBytes = 16 * 1024 * 1024, string throughInterface = "")
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.Scheme != Uri.UriSchemeHttps)
        {
            throw new ArgumentException($"{address} is not https: the cluster speaks only TLS", nameof(address));
        }

        SocketsHttpHandler handler = new()
        {
            SslOptions = tls,
            UseProxy = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            EnableMultipleHttp2Connections = false,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            KeepAlivePingDelay = keepAlive.PingEvery,
            KeepAlivePingTimeout = keepAlive.PingTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        };
        if (throughInterface.Length > 0)
        {
            handler.ConnectCallback = (context, cancel) => ConnectAsync(context, throughInterface, cancel);
        }

        return GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            InitialReconnectBackoff = TimeSpan.FromMilliseconds(500),
            MaxReconnectBackoff = MaximumReconnectBackoff,
            MaxReceiveMessageSize = mostBytes,
        });
    }

    /// <summary>SO_BINDTODEVICE of socket(7).</summary>
    /// <exception cref="SocketException">There is no such interface.</exception>
    public static void BindTo(Socket socket, string interfaceName)
    {
        ArgumentNullException.ThrowIfNull(socket);
        const int socketLevel = 1, bindToDevice = 25;
        socket.SetRawSocketOption(socketLevel, bindToDevice, Encoding.ASCII.GetBytes(interfaceName));
    }

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, string interfaceName, CancellationToken cancel)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            BindTo(socket, interfaceName);
            await socket.ConnectAsync(context.DnsEndPoint, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
