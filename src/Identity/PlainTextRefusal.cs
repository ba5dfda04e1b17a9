using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace RpiAgent.Identity;

/// <summary>Ports that speak only TLS of this cluster.</summary>
public static class ClusterListen
{
    /// <summary>HTTP/2 over TLS; who calls in plain text is told so, in the words of HTTP/2 or HTTP/1.1.</summary>
    /// <param name="requireCertificate">False: a caller without certificate gets in and is for <see cref="PeerPolicy"/> to judge.</param>
    public static ListenOptions UseClusterTls(this ListenOptions listen, ClusterTls tls, bool requireCertificate, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(listen);
        ArgumentNullException.ThrowIfNull(tls);
        listen.Protocols = HttpProtocols.Http2;
        listen.Use(next => new PlainTextRefusal(next, logger).OnConnectionAsync);
        return listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = handshake => ValueTask.FromResult(tls.HandshakeOptions(requireCertificate, handshake.Connection.RemoteEndPoint)),
        });
    }
}

/// <summary>Looks at a connection's first byte: TLS goes on, anything else gets an answer and is closed.</summary>
internal sealed partial class PlainTextRefusal(ConnectionDelegate next, ILogger logger)
{
    private const byte TlsHandshake = 0x16;
    private const string Reason = "this port speaks TLS only";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(1);
    private readonly ILogger _logger = logger;

    public async Task OnConnectionAsync(ConnectionContext connection)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
        limit.CancelAfter(Patience);
        byte? first;
        try
        {
            ReadResult read = await connection.Transport.Input.ReadAsync(limit.Token);
            first = read.Buffer.IsEmpty ? null : read.Buffer.FirstSpan[0];
            connection.Transport.Input.AdvanceTo(read.Buffer.Start, read.Buffer.Start);
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException)
        {
            return; // said nothing in time, or went away
        }

        if (first == TlsHandshake)
        {
            await next(connection);
        }
        else if (first is byte other)
        {
            LogRefused(connection.RemoteEndPoint?.ToString() ?? "somebody");
            await connection.Transport.Output.WriteAsync(other == 'P' ? GoAway() : BadRequest(), connection.ConnectionClosed);
            await DrainAsync(connection);
            await connection.Transport.Output.CompleteAsync();
        }
    }

    /// <summary>A socket closed with bytes unread sends a reset, which may overtake the answer: we read on until the caller has had it and goes.</summary>
    private static async Task DrainAsync(ConnectionContext connection)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
        limit.CancelAfter(Linger);
        try
        {
            ReadResult read;
            do
            {
                read = await connection.Transport.Input.ReadAsync(limit.Token);
                connection.Transport.Input.AdvanceTo(read.Buffer.End);
            }
            while (!read.IsCompleted);
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException)
        {
            // It has had its time, or went away.
        }
    }

    /// <summary>RFC 9113: an empty SETTINGS frame, then GOAWAY with INADEQUATE_SECURITY and the reason as debug data.</summary>
    private static byte[] GoAway()
    {
        byte[] settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
        byte[] header = [0, 0, (byte)(8 + Reason.Length), 7, 0, 0, 0, 0, 0, /* last stream */ 0, 0, 0, 0, /* error */ 0, 0, 0, 0xc];
        return [.. settings, .. header, .. Encoding.ASCII.GetBytes(Reason)];
    }

    private static byte[] BadRequest() => Encoding.ASCII.GetBytes(
        $"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: {Reason.Length}\r\nConnection: close\r\n\r\n{Reason}");

    [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "Refused a plain-text call from {Peer}")]
    private partial void LogRefused(string peer);
}
