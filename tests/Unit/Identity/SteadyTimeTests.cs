using Microsoft.Extensions.Time.Testing;
using RpiAgent.Identity;
using Xunit;

namespace RpiAgent.Tests.Unit.Identity;

public class SteadyTimeTests
{
    private static readonly DateTimeOffset Start = new(2014, 7, 3, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(12)]
    [InlineData(-12)]
    public void A_clock_that_is_set_moves_neither_waits_nor_grace_periods(int years)
    {
        SettableClock wall = new();
        SteadyTime steady = new(wall);
        wall.Advance(TimeSpan.FromSeconds(5));
        DateTimeOffset heard = steady.GetUtcNow();
        wall.Ahead = Start.AddYears(years) - Start;
        wall.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(TimeSpan.FromSeconds(2), steady.GetUtcNow() - heard);
        Assert.Equal(Start.AddSeconds(7), steady.GetUtcNow());
        // A person is shown it by the clock as it is now.
        Assert.Equal(Start.AddYears(years).AddSeconds(5), steady.ToWall(heard));
    }

    [Fact]
    public async Task Timers_are_those_of_the_clock_below()
    {
        SettableClock wall = new();
        Task pause = Task.Delay(TimeSpan.FromSeconds(3), new SteadyTime(wall), TestContext.Current.CancellationToken);
        wall.Advance(TimeSpan.FromSeconds(2));
        Assert.False(pause.IsCompleted);
        wall.Advance(TimeSpan.FromSeconds(1));
        await pause.WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
    }

    private sealed class SettableClock : TimeProvider
    {
        private readonly FakeTimeProvider _ticks = new(Start);

        public TimeSpan Ahead { get; set; }

        public override long TimestampFrequency => _ticks.TimestampFrequency;

        public void Advance(TimeSpan time) => _ticks.Advance(time);

        public override DateTimeOffset GetUtcNow() => _ticks.GetUtcNow() + Ahead;

        public override long GetTimestamp() => _ticks.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => _ticks.CreateTimer(callback, state, dueTime, period);
    }
}
