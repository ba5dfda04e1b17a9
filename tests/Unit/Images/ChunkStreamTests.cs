using System.Text;
using Microsoft.Extensions.Time.Testing;
using RpiAgent.Agent.Images;
using Xunit;

namespace RpiAgent.Tests.Unit.Images;

public class ChunkStreamTests
{
    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Chunks_are_read_in_order_empty_ones_skipped_until_the_end()
    {
        Queue<ReadOnlyMemory<byte>?> chunks = new(["ab"u8.ToArray(), ReadOnlyMemory<byte>.Empty, "cde"u8.ToArray(), ChunkStream.End]);
        bool ended = false;
        using MemoryStream read = new();
        await using (ChunkStream stream = new(_ => ValueTask.FromResult(chunks.Dequeue()), TimeSpan.FromSeconds(1), _time, () => ended = true))
        {
            await stream.CopyToAsync(read, Cancel);
            Assert.Null(stream.Failure);
        }

        Assert.Equal("abcde", Encoding.ASCII.GetString(read.ToArray()));
        Assert.True(ended);
    }

    [Fact]
    public async Task A_sender_that_fails_or_falls_silent_ends_the_stream_and_is_named()
    {
        await using ChunkStream broken = new(_ => throw new IOException("cut"), TimeSpan.FromSeconds(1), _time, () => { });
        Assert.Equal(0, await broken.ReadAsync(new byte[8], Cancel));
        Assert.Equal("cut", broken.Failure?.Message);

        await using ChunkStream silent = new(
            async token =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, _time, token);
                return ChunkStream.End;
            },
            TimeSpan.FromSeconds(30), _time, () => { });
        Task<int> reading = silent.ReadAsync(new byte[8], Cancel).AsTask();
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(0, await reading);
        Assert.Equal("nothing came for 30 s", silent.Failure?.Message);
    }
}
