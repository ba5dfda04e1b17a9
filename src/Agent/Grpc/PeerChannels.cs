using System.Collections.Concurrent;
using Grpc.Core;
using Grpc.Net.Client;
using RpiAgent.Agent.Images;
using RpiAgent.Identity;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Agent.Grpc;

/// <summary>Calls other agents for their images, over mutual TLS: the peer must show the certificate of the very node that was named.</summary>
internal sealed class PeerChannels(ClusterTls tls, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<ImagePeer, GrpcChannel> _channels = new();

    /// <inheritdoc cref="PeerImageSource"/>
    public ChunkStream OpenImage(ImagePeer peer, string image, CancellationToken cancel)
    {
        if (!Uri.TryCreate($"https://{peer.Address}", UriKind.Absolute, out Uri? address))
        {
            throw new ImageUnavailableException($"'{peer.Address}' is not an address");
        }

        GrpcChannel channel = _channels.GetOrAdd(peer, key => ClusterChannel.Create(address, tls.ClientOptions(PeerRole.Node, key.Node.Value), KeepAlive.Relaxed));
        AsyncServerStreamingCall<ImageChunk> call = new NodeAgent.NodeAgentClient(channel).ExportImage(new ExportImageRequest { Image = image }, cancellationToken: cancel);
        return new ChunkStream(
            async token =>
            {
                try
                {
                    return await call.ResponseStream.MoveNext(token) ? call.ResponseStream.Current.Data.Memory : ChunkStream.End;
                }
                catch (RpcException e)
                {
                    throw new IOException(e.Status.Detail, e);
                }
            },
            Stall,
            time,
            call.Dispose);
    }

    public void Dispose()
    {
        foreach (GrpcChannel channel in _channels.Values)
        {
            channel.Dispose();
        }
    }
}
