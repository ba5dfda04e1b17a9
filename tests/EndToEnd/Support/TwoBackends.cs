using System.Text.Json;
using Xunit;

namespace RpiAgent.Tests.EndToEnd.Support;

/// <summary>pi1 has ifupdown, pi2 NetworkManager; a change waits 30 s for its confirmation on pi2.</summary>
public abstract class TwoBackends(string instance) : IAsyncLifetime
{
    public Rig Rig { get; } = new(instance);

    public async ValueTask InitializeAsync()
    {
        await Rig.BeginAsync("--nodes", "1", "--no-stack");
        if (!(await Rig.NodesAsync()).ContainsKey("pi2"))
        {
            await Rig.DoAsync("add", "--os", "debian-13");
        }

        await Rig.ShellAsync("pi2", """mkdir -p /etc/rpi-agent && echo '{"RpiAgent":{"NetworkConfirmSeconds":30}}' >/etc/rpi-agent/agent.json && systemctl stop rpi-agent""");
        await StateAsync("pi2", isReady: false);
        await Rig.ShellAsync("pi2", "systemctl start rpi-agent");
        await StateAsync("pi2", isReady: true);
    }

    /// <summary>Until every node is configured as ordered.</summary>
    public Task ConfiguredAsync() => VirtualCluster.WaitAsync(TimeSpan.FromMinutes(3), async () =>
    {
        RigResult status = await Rig.TryAsync(TimeSpan.FromSeconds(30), "rpictl", "rollout", "status", "--json");
        if (status.ExitCode != 0)
        {
            return status.Errors;
        }

        using JsonDocument rollout = JsonDocument.Parse(status.Output);
        return rollout.RootElement.GetProperty("nodes").EnumerateArray().All(node =>
            node.GetProperty("state").GetString() == "applied" && node.GetProperty("revision").GetString() == node.GetProperty("wantedRevision").GetString()) ? null : status.Output;
    });

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Rig.EndAsync();
    }

    /// <summary>Until the coordinator, which may just be starting, says so.</summary>
    public Task StateAsync(string node, bool isReady) => VirtualCluster.WaitAsync(TimeSpan.FromSeconds(60), async () =>
    {
        RigResult nodes = await Rig.TryAsync(TimeSpan.FromSeconds(30), "rpictl", "node", "ls", "--json");
        if (nodes.ExitCode != 0)
        {
            return nodes.Errors;
        }

        using JsonDocument list = JsonDocument.Parse(nodes.Output);
        string? state = list.RootElement.EnumerateArray().Single(one => one.GetProperty("name").GetString() == node).GetProperty("state").GetString();
        return (state == "ready") == isReady ? null : state;
    });
}

/// <summary>Of the tests that change addresses and packages.</summary>
[CollectionDefinition]
public sealed class RolloutRig() : TwoBackends("e2eroll"), ICollectionFixture<RolloutRig>;

/// <summary>Of the tests that change the engine's options.</summary>
[CollectionDefinition]
public sealed class EngineRig() : TwoBackends("e2eeng"), ICollectionFixture<EngineRig>;
