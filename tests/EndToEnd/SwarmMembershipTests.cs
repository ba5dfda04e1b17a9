using RpiAgent.Tests.EndToEnd.Support;
using Xunit;

namespace RpiAgent.Tests.EndToEnd;

/// <summary>The swarm when somebody else had a hand in it.</summary>
[Collection<EngineRig>]
public sealed class SwarmMembershipTests(EngineRig cluster)
{
    private readonly Rig _rig = cluster.Rig;

    [Fact]
    public async Task A_worker_that_was_removed_while_its_engine_was_off_joins_again()
    {
        await cluster.StateAsync("pi1", isReady: true);
        await cluster.StateAsync("pi2", isReady: true);
        string worker = await SwarmAsync("pi1", "ControlAvailable") == "true" ? "pi2" : "pi1", manager = worker == "pi2" ? "pi1" : "pi2";
        string before = await SwarmAsync(worker, "NodeID");
        await _rig.ShellAsync(worker, "systemctl stop docker.socket docker");
        await _rig.ShellAsync(manager, $"docker node rm --force {before}");
        await _rig.ShellAsync(worker, "systemctl start docker");

        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(90), async () =>
            await SwarmAsync(worker, "NodeID") is var id && await SwarmAsync(worker, "LocalNodeState") is var state && state == "active" && id != before ? null : $"{worker} is {state} as {id}, removed was {before}");
        string now = await SwarmAsync(worker, "NodeID");
        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(20), async () =>
            await _rig.ShellAsync(manager, $"docker node inspect -f '{{{{.Status.State}}}}' {now}") is var told && told == "ready" ? null : told);
        await cluster.StateAsync(worker, isReady: true);
    }

    private Task<string> SwarmAsync(string pi, string field) => _rig.ShellAsync(pi, $"docker info -f '{{{{.Swarm.{field}}}}}'");
}
