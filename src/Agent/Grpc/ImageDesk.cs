using System.Collections.Immutable;
using Grpc.Core;
using RpiAgent.Agent.Images;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Agent.Grpc;

/// <summary>Images out to peers and coordinators, and in from them.</summary>
internal sealed class ImageDesk(ImageStore store, ImageFetcher fetcher, ImageStreaming streaming)
{
    public async Task ExportAsync(Wire.ExportImageRequest request, IServerStreamWriter<Wire.ImageChunk> writer, CancellationToken cancel)
    {
        if (request.Image.Length == 0 || await store.FindAsync(request.Image, cancel) is null)
        {
            throw Errors.NotFound($"image '{request.Image}' is not on this node");
        }

        await streaming.ExportAsync(request.Image, writer, cancel);
    }

    public async Task<Wire.ImportImageReply> ImportAsync(IAsyncStreamReader<Wire.ImageChunk> reader, CancellationToken cancel)
    {
        await using ChunkStream tar = streaming.Read(reader);
        ImmutableArray<ImageRecord> loaded = await store.ImportAsync(tar, [], cancel);
        if (loaded.IsEmpty)
        {
            throw Errors.Invalid("there is no image in the stream; send what `docker save` writes");
        }

        Wire.ImportImageReply reply = new();
        reply.Images.AddRange(loaded.Select(Images.ProtoMapping.ToWire));
        return reply;
    }

    public async Task<Wire.FetchImageReply> FetchAsync(Wire.FetchImageRequest request, CancellationToken cancel)
    {
        if (request.Image.Length == 0)
        {
            throw Errors.Invalid("the request names no image");
        }

        FetchedImage fetched = await fetcher.FetchAsync(Images.ProtoMapping.FromWire(request), cancel);
        return new Wire.FetchImageReply { Image = Images.ProtoMapping.ToWire(fetched.Image), WasPresent = fetched.WasPresent };
    }
}
