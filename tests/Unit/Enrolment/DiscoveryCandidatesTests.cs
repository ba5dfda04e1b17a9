using System.Collections.Immutable;
using System.Net;
using RpiAgent.Agent.Enrolment;
using Xunit;

namespace RpiAgent.Tests.Unit.Enrolment;

public class DiscoveryCandidatesTests
{
    private static IPEndPoint At(int host) => new(new IPAddress([10, 0, 0, (byte)host]), 7444);

    private static DiscoveryAnswer From(int sender, params int[] named) => new(At(sender).Address, [.. named.Select(At)]);

    [Fact]
    public void One_machine_that_names_many_does_not_crowd_out_another() =>
        Assert.Equal([At(2), At(11), At(12)], DiscoveryCandidates.Pick([From(1, [.. Enumerable.Range(11, 60)]), From(1, 80, 81, 82), From(2, 2)]));

    [Fact]
    public void Who_names_itself_comes_first() => Assert.Equal([At(3), At(2), At(9)], DiscoveryCandidates.Pick([From(1, 9), From(3, 9, 3), From(2, 2)]));

    [Fact]
    public void There_are_never_more_than_can_be_asked_at_once()
    {
        ImmutableArray<IPEndPoint> picked = DiscoveryCandidates.Pick(Enumerable.Range(1, 100).Select(sender => From(sender, sender, 200)));
        Assert.Equal(16, picked.Length);
        Assert.DoesNotContain(At(200), picked);
        Assert.Empty(DiscoveryCandidates.Pick([]));
    }
}
