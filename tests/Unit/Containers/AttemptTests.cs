using RpiAgent.Agent.Containers;
using Xunit;

namespace RpiAgent.Tests.Unit.Containers;

public class AttemptTests
{
    [Fact]
    public void A_missing_network_is_tried_again_within_a_tenth_of_a_second_and_never_later_than_two()
    {
        Attempt attempt = Attempt.After(null, FailureKind.Network, "x", Samples.Now);
        Assert.Equal(TimeSpan.FromSeconds(0.1), attempt.NextTry - Samples.Now);
        for (int i = 0; i < 50; i++)
        {
            attempt = Attempt.After(attempt, FailureKind.Network, "x", Samples.Now);
        }

        Assert.Equal(TimeSpan.FromSeconds(2), attempt.NextTry - Samples.Now);
    }

    [Fact]
    public void Another_kind_of_failure_starts_over() =>
        Assert.Equal(1, Attempt.After(new Attempt(FailureKind.Network, 9, Samples.Now, "x"), FailureKind.Other, "y", Samples.Now).Failures);

    [Theory]
    [InlineData("start container a: network s_default not found", FailureKind.Network)]
    [InlineData("start container a: attaching to network failed, make sure your network options are correct", FailureKind.Network)]
    [InlineData("start container a: driver failed programming external connectivity: port is already allocated", FailureKind.Other)]
    internal void The_engines_words_tell_the_kind(string message, FailureKind kind) => Assert.Equal(kind, Attempt.KindOf(false, message));
}
