namespace RpiAgent.Agent.Images;

/// <summary>
/// A stream over chunks that arrive one after the other, as the engine wants to read it. A pause longer than <paramref name="stall"/>
/// between two chunks is a failure of the sender. A failure ends the stream like its end does, as the library leaves the engine waiting
/// for more when a body throws: whoever reads it looks at <see cref="Failure"/> afterwards.
/// </summary>
/// <param name="next">The next chunk; <see cref="End"/> after the last.</param>
/// <param name="end">Called once when the stream is disposed.</param>
internal sealed class ChunkStream(Func<CancellationToken, ValueTask<ReadOnlyMemory<byte>?>> next, TimeSpan stall, TimeProvider time, Action end) : Stream
{
    /// <summary>What to return after the last chunk. A plain null in a conditional would become an empty chunk: arrays convert.</summary>
    public static readonly ReadOnlyMemory<byte>? End;

    private ReadOnlyMemory<byte> _rest;
    private bool _ended;
    private bool _disposed;

    /// <summary>Why it ended early; null when it did not.</summary>
    public Exception? Failure { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_rest.IsEmpty && !_ended)
        {
            await AdvanceAsync(cancellationToken);
        }

        int count = Math.Min(buffer.Length, _rest.Length);
        _rest[..count].CopyTo(buffer);
        _rest = _rest[count..];
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("read asynchronously");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            end();
        }

        base.Dispose(disposing);
    }

    private async ValueTask AdvanceAsync(CancellationToken cancel)
    {
        using CancellationTokenSource late = new(stall, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancel);
        try
        {
            ReadOnlyMemory<byte>? chunk = await next(either.Token);
            _rest = chunk ?? ReadOnlyMemory<byte>.Empty;
            _ended = chunk is null;
        }
        catch (Exception e)
        {
            Failure = late.IsCancellationRequested && !cancel.IsCancellationRequested ? new TimeoutException($"nothing came for {stall.TotalSeconds:0} s", e) : e;
            _ended = true;
        }
    }
}
