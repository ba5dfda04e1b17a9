using RpiAgent.Agent.Enrolment;
using Xunit;

namespace RpiAgent.Tests.Unit.Enrolment;

public class ClockSettingTests
{
    private static readonly DateTimeOffset Built = new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Told = Built.AddDays(30);
    private static readonly DateTimeOffset End = Built.AddYears(10);

    [Fact]
    public void A_clock_that_nobody_sets_is_set_to_the_time_that_was_told() => Assert.Equal(Told, Plan(Told.AddMonths(-8)));

    [Theory]
    [InlineData("Set")]
    [InlineData("Awaited")]
    public void A_clock_that_a_service_sets_is_left_to_it(string state) => Assert.Null(Plan(Told.AddMonths(-8), state: Enum.Parse<ClockState>(state)));

    [Fact]
    public void A_clock_that_is_ahead_or_nearly_right_is_left_alone()
    {
        Assert.Null(Plan(Told.AddMonths(8)));
        Assert.Null(Plan(Told.AddSeconds(-60)));
        Assert.NotNull(Plan(Told.AddSeconds(-61)));
    }

    [Fact]
    public void No_time_is_set_that_cannot_be()
    {
        Assert.Null(Plan(DateTimeOffset.UnixEpoch, told: Built.AddDays(-1)));
        Assert.Null(Plan(DateTimeOffset.UnixEpoch, told: End));
        Assert.NotNull(Plan(DateTimeOffset.UnixEpoch, told: Built));
    }

    private static DateTimeOffset? Plan(DateTimeOffset kernel, DateTimeOffset? told = null, ClockState state = ClockState.Alone) =>
        ClockSetting.Plan(state, kernel, told ?? Told, Built, End);
}
