using Grpc.Core;

namespace RpiAgent.Identity;

/// <summary>
/// One question, one answer within a time that is measured by the monotonic clock. A deadline of gRPC's own is a moment of the wall clock,
/// which its client looks at again before it gives up: a clock that is set back meanwhile would put that off.
/// </summary>
public static class Deadline
{
    /// <exception cref="RpcException">The call's own, or DeadlineExceeded.</exception>
    public static async Task<T> WithinAsync<T>(TimeSpan limit, TimeProvider time, Func<CancellationToken, AsyncUnaryCall<T>> question, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(question);
        using CancellationTokenSource late = new(limit, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancel);
        try
        {
            using AsyncUnaryCall<T> call = question(either.Token);
            return await call.ResponseAsync;
        }
        catch (RpcException cut) when (late.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.DeadlineExceeded, $"no answer within {limit.TotalSeconds} s", cut));
        }
    }
}
