using RpiAgent.Agent.Status;
using Xunit;

namespace RpiAgent.Tests.Unit.Status;

public class StatusTextTests
{
    private static readonly StatusFacts Good = new("pi2", "192.168.1.102", true, "worker", 1, 1, 0, TimeSpan.FromSeconds(2.4), true);

    [Fact]
    public void A_good_node_says_so() =>
        Assert.Equal("enrolled as pi2 192.168.1.102, swarm worker, 1 container, last contact 2 s ago", StatusText.Of(Good));

    [Fact]
    public void Trouble_is_named()
    {
        Assert.Equal(
            "enrolled as pi2 192.168.1.102, docker is down, 2 warnings, no contact yet",
            StatusText.Of(Good with { EngineUp = false, Warnings = 2, SinceContact = null }));
        Assert.Equal(
            "enrolled as pi2 192.168.1.102, no swarm, 1 of 3 containers, last contact 3 min ago",
            StatusText.Of(Good with { Swarm = "", Wanted = 3, SinceContact = TimeSpan.FromMinutes(3.5) }));
        Assert.Equal(
            "enrolled as pi2 192.168.1.102, swarm worker, 1 container, 1 warning, last contact 2 s ago, clock: unsynchronised",
            StatusText.Of(Good with { Warnings = 1, ClockIsSet = false }));
        Assert.Equal("not enrolled yet", StatusText.Of(default(StatusFacts) with { Name = "" }));
    }

    [Fact]
    public void A_clock_that_is_not_set_is_a_warning_until_it_is()
    {
        NodeReport report = new() { ClockWarning = "clock: unsynchronised" };
        Assert.Equal(["clock: unsynchronised"], report.ToStatus("n", "").Warnings);
        StatusFacts facts = StatusText.Facts("pi2", "192.168.1.102", report, null);
        Assert.Equal((1, false), (facts.Warnings, facts.ClockIsSet));
        Assert.True(StatusText.Facts("pi2", "192.168.1.102", report with { ClockWarning = "" }, null).ClockIsSet);
    }

    [Fact]
    public void Load_and_memory_are_read_as_the_kernel_writes_them()
    {
        Assert.Equal(2048UL, SystemLoad.ParseAvailable(["MemTotal:  900 kB", "MemAvailable:    2 kB"]));
        Assert.Equal(0.52, SystemLoad.ParseLoad("0.52 0.58 0.59 1/977 12345\n"));
    }
}
