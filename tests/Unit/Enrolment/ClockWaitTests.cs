using Microsoft.Extensions.Time.Testing;
using RpiAgent.Agent.Enrolment;
using Xunit;

namespace RpiAgent.Tests.Unit.Enrolment;

public class ClockWaitTests
{
    private readonly FakeTimeProvider _time = new();

    /// <summary>As systemd 252 and 257 print it.</summary>
    [Theory]
    [InlineData("NTP=yes\nNTPSynchronized=yes\n", "Set")]
    [InlineData("NTP=no\nNTPSynchronized=yes\n", "Set")]
    [InlineData("NTP=yes\nNTPSynchronized=no\n", "Awaited")]
    [InlineData("NTP=no\nNTPSynchronized=no\n", "Alone")]
    [InlineData("", "Alone")]
    public void Systemd_says_whether_somebody_sets_the_clock(string shown, string state) => Assert.Equal(state, ClockWait.Read(shown).ToString());

    [Fact]
    public async Task The_wait_ends_when_the_clock_is_set() => Assert.Equal((ClockState.Set, 3), await WaitAsync(seen => seen < 3 ? ClockState.Awaited : ClockState.Set, 60));

    [Fact]
    public async Task A_network_without_time_servers_is_waited_for_no_longer_than_told() =>
        Assert.Equal((ClockState.Awaited, 61), await WaitAsync(_ => ClockState.Awaited, 60));

    [Fact]
    public async Task Nobody_is_waited_for_who_is_not_there_or_when_told_not_to()
    {
        Assert.Equal((ClockState.Alone, 1), await WaitAsync(_ => ClockState.Alone, 60));
        Assert.Equal((ClockState.Awaited, 1), await WaitAsync(_ => ClockState.Awaited, 0));
    }

    private async Task<(ClockState State, int Looks)> WaitAsync(Func<int, ClockState> states, int seconds)
    {
        int looks = 0;
        Task<ClockState> wait = ClockWait.WaitAsync(
            _ => Task.FromResult(states(++looks)), TimeSpan.FromSeconds(seconds), _ => { }, _time, TestContext.Current.CancellationToken);
        while (!wait.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        return (await wait, looks);
    }
}
