using RpiAgent.Agent.Swarm;
using Xunit;

namespace RpiAgent.Tests.Unit.Swarm;

public class SwarmRulesTests
{
    private static readonly JoinSwarm Join = new("192.168.1.11", ["192.168.1.10:2377"], "SWMTKN-1-x");
    private static readonly SwarmState Worker = new("active") { RemoteManagers = ["192.168.1.10:2377"] };
    private static readonly SwarmState Alone = new("active") { Manager = true, Leader = true };

    [Fact]
    public void An_engine_in_no_swarm_inits_and_joins()
    {
        Assert.Equal(SwarmDecision.Run, SwarmRules.Decide(new InitSwarm("192.168.1.10", false), new SwarmState("inactive")));
        Assert.Equal(SwarmDecision.Run, SwarmRules.Decide(Join, new SwarmState("inactive")));
    }

    [Fact]
    public void Orders_that_were_run_before_succeed()
    {
        Assert.Equal(SwarmDecision.AlreadyDone, SwarmRules.Decide(new InitSwarm("192.168.1.10", false), Alone));
        Assert.Equal(SwarmDecision.AlreadyDone, SwarmRules.Decide(Join, Worker));
        Assert.Equal(SwarmDecision.AlreadyDone, SwarmRules.Decide(new LeaveSwarm(false), new SwarmState("inactive")));
    }

    [Fact]
    public void A_worker_of_another_swarm_must_leave_first()
    {
        SwarmDecision decision = SwarmRules.Decide(Join, Worker with { RemoteManagers = ["10.0.0.1:2377"] });
        Assert.Equal(SwarmAction.Refuse, decision.Action);
        Assert.Equal("this node is a worker of another swarm (managers 10.0.0.1:2377); it must leave first", decision.Reason);
        Assert.Equal(SwarmAction.Refuse, SwarmRules.Decide(new InitSwarm("192.168.1.11", false), Worker).Action);
    }

    [Fact]
    public void Only_a_manager_reads_tokens_and_creates_networks()
    {
        Assert.Equal("this node is a worker; only a manager can do that", SwarmRules.Decide(new ReadSwarmTokens(), Worker).Reason);
        Assert.Equal(SwarmDecision.Run, SwarmRules.Decide(new RemoveSwarmNetwork("s_default"), Alone));
    }

    [Fact]
    public void A_lost_quorum_is_rebuilt_once()
    {
        InitSwarm rebuild = new("192.168.1.10", true);
        Assert.Equal(SwarmDecision.Run, SwarmRules.Decide(rebuild, Alone with { Error = "The swarm does not have a leader" }));
        Assert.Equal(
            SwarmDecision.AlreadyDone,
            SwarmRules.Decide(rebuild, Alone with { Peers = [new SwarmPeer("n", "pi1", "192.168.1.10", "manager", "ready", true, "reachable", "active")] }));
    }
}
