using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Xunit;

[assembly: AssemblyFixture(typeof(RpiAgent.Tests.EndToEnd.Support.VirtualCluster))]

namespace RpiAgent.Tests.EndToEnd.Support;

/// <summary>
/// One cluster of three virtual Pis serving WordPress, brought up by deploy/try.sh as an instance of its own, shared by all tests
/// and taken down afterwards. Each test leaves it whole: every Pi on, coordinator and Consul running.
/// </summary>
public sealed class VirtualCluster : IAsyncLifetime
{
    private static readonly Rig Pis = new(Environment.GetEnvironmentVariable("RPI_TRY_INSTANCE") ?? "e2e");

    public async ValueTask InitializeAsync() => await Pis.BeginAsync();

    public ValueTask DisposeAsync() => Pis.EndAsync();

    public static Task<RigResult> TryAsync(TimeSpan limit, params string[] arguments) => Pis.TryAsync(limit, arguments);

    public static Task<string> DoAsync(params string[] arguments) => Pis.DoAsync(arguments);

    public static Task<string> ShellAsync(string host, string command) => Pis.ShellAsync(host, command);

    public static Task<Dictionary<string, JsonElement>> NodesAsync() => Pis.NodesAsync();

    public static Task<Dictionary<string, JsonElement>> ReplicasAsync(string stack = "wordpress") => Pis.ReplicasAsync(stack);

    /// <summary>Container ids and start times on a Pi, as one text that changes when any of them is restarted.</summary>
    public static Task<string> RunningAsync(string node) =>
        ShellAsync(node, "docker inspect --format '{{.Name}} {{.Id}} {{.State.StartedAt}}' $(docker ps -q --filter label=rpi.workload) | sort");

    /// <summary>Repeats until the check holds; returns how long it took. Fails with the last reason.</summary>
    public static async Task<TimeSpan> WaitAsync(TimeSpan limit, Func<Task<string?>> whyNot)
    {
        Stopwatch watch = Stopwatch.StartNew();
        string? reason = "never checked";
        while (watch.Elapsed < limit)
        {
            reason = await whyNot();
            if (reason is null)
            {
                return watch.Elapsed;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(250), TimeProvider.System, CancellationToken.None);
        }

        Assert.Fail($"not within {limit}: {reason}");
        return default;
    }

    /// <summary>Null when every node is ready and every replica of the stack runs.</summary>
    public static async Task<string?> WhyNotWholeAsync()
    {
        Dictionary<string, JsonElement> nodes = await NodesAsync();
        StringBuilder reason = new();
        foreach ((string name, JsonElement node) in nodes.Where(pair => pair.Value.GetProperty("state").GetString() != "ready"))
        {
            reason.Append($"{name} is {node.GetProperty("state").GetString()} ");
        }

        foreach ((string service, JsonElement replica) in (await ReplicasAsync()).Where(pair => pair.Value.GetProperty("state").GetString() != "running"))
        {
            reason.Append($"{service} is {replica.GetProperty("state").GetString()} ");
        }

        return reason.Length == 0 ? null : reason.ToString();
    }

    /// <summary>http://ADDRESS of the Pi where caddy runs.</summary>
    public static async Task<Uri> SiteAsync() => new($"http://{(await ReplicasAsync())["caddy"].GetProperty("address").GetString()}/");
}

/// <summary>The tests that share this cluster: one after the other, beside those with a rig of their own.</summary>
[CollectionDefinition]
public sealed class VirtualClusterCollection;
