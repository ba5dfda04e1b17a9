using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using RpiAgent.Tests.EndToEnd.Support;
using Xunit;

namespace RpiAgent.Tests.EndToEnd;

[Collection<Alone>]
public class PowerTests
{
    private const string Workloads = "docker ps --filter label=rpi.workload --format '{{.Label \"rpi.workload\"}}' | sort";
    private static readonly string[] Pis = ["pi1", "pi2", "pi3"];

    [Fact]
    public async Task A_pi_that_lost_power_comes_back_as_itself_within_20_seconds()
    {
        JsonElement before = (await VirtualCluster.NodesAsync())["pi2"];
        string workload = await VirtualCluster.ShellAsync("pi2", Workloads);
        Assert.NotEmpty(workload);
        await VirtualCluster.DoAsync("kill", "pi2");
        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(30), async () =>
            (await VirtualCluster.NodesAsync())["pi2"].GetProperty("state").GetString() is "ready" ? "nobody has noticed that pi2 lost power" : null);

        await VirtualCluster.DoAsync("start", "pi2");
        Stopwatch watch = Stopwatch.StartNew();
        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(45), async () =>
            (await VirtualCluster.NodesAsync())["pi2"].GetProperty("state").GetString() is var state and not "ready" ? $"pi2 is {state}" : null);
        TimeSpan ready = watch.Elapsed;

        // Now and then dockerd itself waits 20 s, for a swarm that still has the session from before the cut, before it answers anybody.
        string[] times = (await VirtualCluster.ShellAsync("pi2", "systemctl show docker --value -p InactiveExitTimestampMonotonic -p ActiveEnterTimestampMonotonic")).Split('\n');
        TimeSpan engine = TimeSpan.FromMicroseconds(double.Parse(times[1], CultureInfo.InvariantCulture) - double.Parse(times[0], CultureInfo.InvariantCulture)).Duration();
        TestContext.Current.TestOutputHelper?.WriteLine($"pi2 was ready {ready.TotalSeconds:0.0} s after power on, of which its engine took {engine.TotalSeconds:0.0} s to start");
        Assert.True(ready < TimeSpan.FromSeconds(20) || (engine > TimeSpan.FromSeconds(10) && ready - engine < TimeSpan.FromSeconds(10)), $"pi2 was ready after {ready}, its engine after {engine}");

        Dictionary<string, JsonElement> after = await VirtualCluster.NodesAsync();
        Assert.Equal(Pis, after.Keys.Order());
        Assert.Equal(before.GetProperty("id").GetString(), after["pi2"].GetProperty("id").GetString());
        Assert.Equal(before.GetProperty("address").GetString(), after["pi2"].GetProperty("address").GetString());
        Assert.Equal(before.GetProperty("enrolledAt").GetString(), after["pi2"].GetProperty("enrolledAt").GetString());
        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(30), VirtualCluster.WhyNotWholeAsync);
        Assert.Equal(workload, await VirtualCluster.ShellAsync("pi2", Workloads));
    }

    [Fact]
    public async Task A_pi_rebooted_while_the_coordinator_is_down_runs_its_containers()
    {
        string workload = await VirtualCluster.ShellAsync("pi3", Workloads);
        Assert.NotEmpty(workload);
        await VirtualCluster.ShellAsync("coordinator", "systemctl stop rpi-coordinator");
        try
        {
            await VirtualCluster.DoAsync("kill", "pi3");
            await VirtualCluster.DoAsync("start", "pi3");
            await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(60), async () =>
            {
                RigResult now = await VirtualCluster.TryAsync(TimeSpan.FromSeconds(20), "exec", "pi3", "sh", "-c", Workloads);
                return now.Output.Trim() == workload ? null : $"pi3 runs '{now.Output.Trim()}' {now.Errors}";
            });
        }
        finally
        {
            await VirtualCluster.ShellAsync("coordinator", "systemctl start rpi-coordinator");
        }

        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(60), WholeOrReason);
    }

    [Fact]
    public async Task Killing_the_coordinator_restarts_no_container_and_loses_no_node()
    {
        string[] before = await Task.WhenAll(Pis.Select(VirtualCluster.RunningAsync));
        await VirtualCluster.ShellAsync("coordinator", "systemctl kill --kill-who=main --signal=KILL rpi-coordinator");
        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(60), WholeOrReason);
        Assert.Equal(before, await Task.WhenAll(Pis.Select(VirtualCluster.RunningAsync)));
    }

    [Fact]
    public async Task A_minute_without_consul_restarts_no_container_and_loses_no_node()
    {
        string[] before = await Task.WhenAll(Pis.Select(VirtualCluster.RunningAsync));
        await VirtualCluster.ShellAsync("coordinator", "systemctl stop rpi-consul");
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(60), TimeProvider.System, CancellationToken.None);
        }
        finally
        {
            await VirtualCluster.ShellAsync("coordinator", "systemctl start rpi-consul");
        }

        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(90), WholeOrReason);
        Assert.Equal(before, await Task.WhenAll(Pis.Select(VirtualCluster.RunningAsync)));
    }

    /// <summary>While the coordinator starts, rpictl itself fails: that is a reason, too.</summary>
    private static async Task<string?> WholeOrReason()
    {
        RigResult nodes = await VirtualCluster.TryAsync(TimeSpan.FromSeconds(30), "rpictl", "node", "ls", "--json");
        return nodes.ExitCode == 0 ? await VirtualCluster.WhyNotWholeAsync() : nodes.Errors;
    }
}
