using RpiAgent.Agent.Boot;
using Xunit;

namespace RpiAgent.Tests.Unit.Ssh;

public class SshPauseTests
{
    [Fact]
    public void A_failure_is_tried_again_after_a_minute_then_ever_more_rarely_up_to_an_hour()
    {
        TimeSpan pause = default;
        List<double> minutes = [];
        for (int i = 0; i < 8; i++)
        {
            pause = SshKeeping.Pause(pause, isOrdered: i == 0);
            minutes.Add(pause.TotalMinutes);
        }

        Assert.Equal([1, 2, 4, 8, 16, 32, 60, 60], minutes);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(60)]
    public void A_new_order_begins_from_the_start(int lastMinutes) => Assert.Equal(TimeSpan.FromMinutes(1), SshKeeping.Pause(TimeSpan.FromMinutes(lastMinutes), isOrdered: true));

    [Fact]
    public void What_fails_after_a_success_is_tried_again_after_a_minute() => Assert.Equal(TimeSpan.FromMinutes(1), SshKeeping.Pause(default, isOrdered: false));
}
