using RpiAgent.Agent.Containers;
using Xunit;

namespace RpiAgent.Tests.Unit.Containers;

public class AttemptTests
{
    [Fact]
    public void A_missing_network_is_tried_again_within_a_tenth_of_a_second_and_for_a_minute_never_later_than_two()
    {
        Attempt attempt = Attempt.After(null, FailureKind.Network, "x", Samples.Now);
        Assert.Equal(TimeSpan.FromSeconds(0.1), attempt.NextTry - Samples.Now);
        for (int i = 0; i < 39; i++)
        {
            attempt = Attempt.After(attempt, FailureKind.Network, "x", Samples.Now);
        }

        Assert.Equal(TimeSpan.FromSeconds(2), attempt.NextTry - Samples.Now);
    }

    [Theory]
    [InlineData(FailureKind.Network, 15)]
    [InlineData(FailureKind.Other, 120)]
    [InlineData(FailureKind.Crash, 300)]
    internal void What_fails_for_long_is_tried_less_often_and_keeps_its_reason(FailureKind kind, int seconds)
    {
        Attempt attempt = Attempt.After(new Attempt(kind, 100, Samples.Now, "x"), kind, "y", Samples.Now);
        Assert.Equal((TimeSpan.FromSeconds(seconds), "y"), (attempt.NextTry - Samples.Now, attempt.Reason));
    }

    [Fact]
    public void Another_kind_of_failure_starts_over() =>
        Assert.Equal(1, Attempt.After(new Attempt(FailureKind.Network, 9, Samples.Now, "x"), FailureKind.Other, "y", Samples.Now).Failures);

    [Theory]
    [InlineData("start container a: network s_default not found", FailureKind.Network)]
    [InlineData("start container a: attaching to network failed, make sure your network options are correct", FailureKind.Network)]
    [InlineData("start container a: driver failed programming external connectivity: port is already allocated", FailureKind.Other)]
    [InlineData("start container a: failed to set up container networking: driver failed programming external connectivity on endpoint a (5d): Bind for 0.0.0.0:80 failed: port is already allocated", FailureKind.Other)]
    [InlineData("start container a: failed to set up container networking: network 0c3cd93080df not found", FailureKind.Network)]
    internal void The_engines_words_tell_the_kind(string message, FailureKind kind) => Assert.Equal(kind, Attempt.KindOf(false, message));
}
