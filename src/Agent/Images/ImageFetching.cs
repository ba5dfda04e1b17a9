using System.Collections.Immutable;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Images;

/// <summary>An image wanted here.</summary>
/// <param name="Image">Reference under which it is to be known here; may be an id.</param>
/// <param name="ImageId">sha256:…, or empty: whatever the first source gives.</param>
internal sealed record ImageRequest(string Image, string ImageId, ImmutableArray<ImagePeer> Peers)
{
    public string Key => $"{Image} {ImageId}";
}

/// <summary>A node whose agent at <paramref name="Address"/> (host:port) holds the image.</summary>
internal sealed record ImagePeer(NodeId Node, string Address);

/// <summary>Opens the image's tar at a peer. Disposing the stream ends the call.</summary>
/// <param name="image">What to ask the peer for: an id if one is known.</param>
internal delegate ChunkStream PeerImageSource(ImagePeer peer, string image, CancellationToken cancel);

internal sealed record FetchedImage(ImageRecord Image, bool WasPresent);

/// <summary>No source gave the image; the message lists what each of them said.</summary>
internal sealed class ImageUnavailableException(string message) : Exception(message);
