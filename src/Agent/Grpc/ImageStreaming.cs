using Google.Protobuf;
using Grpc.Core;
using RpiAgent.Agent.Images;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Agent.Grpc;

/// <summary>Image tars as messages of up to 64 KiB.</summary>
internal sealed class ImageStreaming(ImageStore images, TimeProvider time)
{
    private const int ChunkBytes = 64 * 1024;

    /// <summary>While the engine prepares the tar, an empty chunk now and then says that we are at it.</summary>
    private static readonly TimeSpan SignOfLife = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(60);

    public async Task ExportAsync(string image, IServerStreamWriter<ImageChunk> writer, CancellationToken cancel)
    {
        Task<Stream> opening = images.ExportAsync(image, cancel);
        while (await Task.WhenAny(opening, Task.Delay(SignOfLife, time, cancel)) != opening)
        {
            cancel.ThrowIfCancellationRequested();
            await writer.WriteAsync(new ImageChunk(), cancel);
        }

        await using Stream tar = await opening;
        byte[] buffer = new byte[ChunkBytes];
        while (await tar.ReadAtLeastAsync(buffer, ChunkBytes, throwOnEndOfStream: false, cancel) is var count and not 0)
        {
            await writer.WriteAsync(new ImageChunk { Data = ByteString.CopyFrom(buffer.AsSpan(0, count)) }, cancel);
        }
    }

    /// <summary>The caller's chunks as one stream.</summary>
    public ChunkStream Read(IAsyncStreamReader<ImageChunk> reader) => new ChunkStream(
        async token => await reader.MoveNext(token) ? reader.Current.Data.Memory : ChunkStream.End, Stall, time, () => { });
}
