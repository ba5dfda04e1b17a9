using CsCheck;
using RpiAgent.Agent.Containers;
using RpiAgent.Protos;
using Xunit;

namespace RpiAgent.Tests.Unit.Containers;

public class AssignmentFenceTests
{
    private static Assignment Offer(ulong epoch, ulong generation, params DesiredReplica[] replicas) =>
        Samples.Assign(replicas) with { Version = new AssignmentVersion(epoch, generation) };

    [Fact]
    public void The_first_assignment_is_accepted() => Assert.Equal(FenceDecision.Accept, AssignmentFence.Decide(null, Offer(1, 1)));

    [Fact]
    public void A_stale_assignment_is_refused()
    {
        Assert.Equal(FenceDecision.Stale, AssignmentFence.Decide(Offer(7, 3), Offer(7, 2)));
        Assert.Equal(FenceDecision.Stale, AssignmentFence.Decide(Offer(7, 3), Offer(6, 99)));
    }

    [Fact]
    public void A_new_leader_wins_with_a_lower_generation() => Assert.Equal(FenceDecision.Accept, AssignmentFence.Decide(Offer(7, 30), Offer(8, 1)));

    [Fact]
    public void The_same_version_with_other_content_is_a_conflict() =>
        Assert.Equal(FenceDecision.Conflict, AssignmentFence.Decide(Offer(7, 3, Samples.Replica("s.a")), Offer(7, 3, Samples.Replica("s.a", "h2"))));

    [Fact]
    public void The_same_again_is_already_held_whatever_its_order_and_image_sources()
    {
        DesiredReplica a = Samples.Replica("s.a"), b = Samples.Replica("s.b");
        DesiredReplica elsewhere = a with { ImageSources = [new ImageSource(new NodeId("x"), "192.168.1.9:7443")] };
        Assert.Equal(FenceDecision.AlreadyHeld, AssignmentFence.Decide(Offer(7, 3, a, b), Offer(7, 3, b, elsewhere)));
    }

    [Fact]
    public void Of_any_two_versions_at_most_one_replaces_the_other() =>
        Gen.Select(Gen.ULong[0, 3], Gen.ULong[0, 3], Gen.ULong[0, 3], Gen.ULong[0, 3]).Sample((e1, g1, e2, g2) =>
        {
            bool forth = AssignmentFence.Decide(Offer(e1, g1), Offer(e2, g2)) == FenceDecision.Accept;
            bool back = AssignmentFence.Decide(Offer(e2, g2), Offer(e1, g1)) == FenceDecision.Accept;
            return !(forth && back) && (forth || back) == ((e1, g1) != (e2, g2));
        });
}
