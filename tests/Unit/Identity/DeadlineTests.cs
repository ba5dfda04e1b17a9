using Grpc.Core;
using Microsoft.Extensions.Time.Testing;
using RpiAgent.Identity;
using Xunit;

namespace RpiAgent.Tests.Unit.Identity;

public class DeadlineTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public async Task A_call_ends_in_time_also_when_the_clock_is_set_back_meanwhile()
    {
        Task<string> asked = Deadline.WithinAsync(TimeSpan.FromSeconds(10), _time, Unanswered, TestContext.Current.CancellationToken);
        _time.AdjustTime(_time.GetUtcNow().AddYears(-8));
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(asked.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(StatusCode.DeadlineExceeded, (await Assert.ThrowsAsync<RpcException>(() => asked)).StatusCode);
    }

    [Fact]
    public async Task A_call_that_is_no_longer_wanted_is_not_late()
    {
        using CancellationTokenSource stop = new();
        Task<string> asked = Deadline.WithinAsync(TimeSpan.FromSeconds(10), _time, Unanswered, stop.Token);
        await stop.CancelAsync();
        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(() => asked)).StatusCode);
    }

    private static AsyncUnaryCall<string> Unanswered(CancellationToken limit)
    {
        TaskCompletionSource<string> answer = new();
        limit.Register(() => answer.TrySetException(new RpcException(new Grpc.Core.Status(StatusCode.Cancelled, ""))));
        return new AsyncUnaryCall<string>(answer.Task, Task.FromResult(new Metadata()), () => Grpc.Core.Status.DefaultCancelled, () => [], () => { });
    }
}
