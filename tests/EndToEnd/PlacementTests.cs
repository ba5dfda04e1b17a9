using System.Text.Json;
using RpiAgent.Tests.EndToEnd.Support;
using Xunit;

namespace RpiAgent.Tests.EndToEnd;

/// <summary>Public placement cases through the running coordinator: real nodes with labels, real containers before, one more stack to place.</summary>
[Collection<VirtualClusterCollection>]
public sealed class PlacementTests : IDisposable
{
    private const string Before = "before";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly DirectoryInfo _files = Directory.CreateTempSubdirectory("rpi-placement");

    [Theory]
    [InlineData("spread picks the node holding the fewest containers when nothing is reserved")]
    [InlineData("spread is used when no strategy is named")]
    [InlineData("binpack without reservations goes to the node with most containers")]
    [InlineData("binpack honours a soft constraint before fullness")]
    [InlineData("excluding by node name")]
    [InlineData("label values are case-sensitive")]
    [InlineData("soft regular expression")]
    [InlineData("hard expressions still hold after the soft ones were dropped")]
    [InlineData("a soft preference is given up when the port is taken there")]
    [InlineData("anti-affinity to a container name")]
    [InlineData("anti-affinity to a container label accepts nodes without containers")]
    [InlineData("affinity looks at container labels and never at node labels")]
    [InlineData("zero slots closes a node")]
    [InlineData("a soft constraint that cannot be met is dropped")]
    public async Task A_public_case_is_placed_by_the_running_coordinator_as_by_the_library(string name)
    {
        ClassicCase one = ClassicCase.Find(name);
        await InPlaceAsync(one, async () =>
        {
            await DeployAsync("asked", one.Asked(Before));
            JsonElement replica = await SettledAsync();
            Assert.True(one.Expected.Nodes.Contains(replica.GetProperty("node").GetString()), replica.ToString());
        });
    }

    [Theory]
    [InlineData("the port taken everywhere is unsatisfiable", "port")]
    [InlineData("two ports that are free only on different nodes", "port")]
    public async Task What_fits_nowhere_stays_visible_with_a_reason_for_each_node_and_is_placed_once_it_fits(string name, string filter)
    {
        ClassicCase one = ClassicCase.Find(name);
        await InPlaceAsync(one, async () =>
        {
            Assert.Equal("unsatisfiable", one.Expected.Error);
            await DeployAsync("asked", one.Asked(Before));
            JsonElement replica = await SettledAsync();
            Assert.Equal("pending", replica.GetProperty("state").GetString());
            JsonElement reasons = replica.GetProperty("reasons");
            Assert.Equal(3, reasons.EnumerateObject().Count());
            Assert.Contains(filter, reasons.GetProperty("pi1").GetString(), StringComparison.Ordinal);
            Assert.Contains("container slots", reasons.GetProperty("pi3").GetString()!.Replace("containerslots", "container slots", StringComparison.Ordinal), StringComparison.Ordinal);

            await VirtualCluster.DoAsync("rpictl", "stack", "rm", Before);
            await VirtualCluster.WaitAsync(Patience, async () =>
                (await SettledAsync()).GetProperty("state").GetString() is "running" ? null : "not placed after the ports became free");
        });
    }

    [Fact]
    public async Task A_bad_expression_is_refused_at_once_with_its_place()
    {
        ClassicCase one = ClassicCase.Find("a single equals sign is invalid");
        Assert.Equal("invalid-expression", one.Expected.Error);
        RigResult refused = await VirtualCluster.TryAsync(Patience, "rpictl", "stack", "deploy", "--detach", "asked", FileOf("asked", one.Asked(Before)));
        Assert.Equal(78, refused.ExitCode);
        Assert.Contains("zone=a", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("asked.json:1", refused.Errors, StringComparison.Ordinal);
    }

    public void Dispose() => _files.Delete(recursive: true);

    private async Task InPlaceAsync(ClassicCase one, Func<Task> check)
    {
        Dictionary<string, string[]> labels = one.Labels(["pi1", "pi2", "pi3"]);
        try
        {
            foreach ((string node, string[] given) in labels.Where(pair => pair.Value.Length > 0))
            {
                await VirtualCluster.DoAsync(["rpictl", "node", "label", node, .. given]);
            }

            if (one.Before() is string before)
            {
                await DeployAsync(Before, before, wait: true);
            }

            await check();
        }
        finally
        {
            await VirtualCluster.TryAsync(Patience, "rpictl", "stack", "rm", "asked");
            await VirtualCluster.TryAsync(Patience, "rpictl", "stack", "rm", Before);
            foreach ((string node, string[] given) in labels.Where(pair => pair.Value.Length > 0))
            {
                await VirtualCluster.DoAsync(["rpictl", "node", "label", node, .. given.Select(label => $"{label.Split('=')[0]}-")]);
            }
        }
    }

    private async Task DeployAsync(string stack, string compose, bool wait = false) => await VirtualCluster.DoAsync(
        ["rpictl", "stack", "deploy", .. wait ? ["--timeout", "60s"] : new[] { "--detach" }, stack, FileOf(stack, compose)]);

    private string FileOf(string stack, string compose)
    {
        string path = Path.Join(_files.FullName, $"{stack}.json");
        File.WriteAllText(path, compose);
        return path;
    }

    /// <summary>The replica once the coordinator has decided: on a node, or pending with reasons.</summary>
    private static async Task<JsonElement> SettledAsync()
    {
        JsonElement replica = default;
        await VirtualCluster.WaitAsync(Patience, async () =>
        {
            Dictionary<string, JsonElement> replicas = await VirtualCluster.ReplicasAsync("asked");
            return replicas.TryGetValue("asked", out replica)
                && (replica.GetProperty("node").GetString() is { Length: > 0 } || replica.GetProperty("reasons").EnumerateObject().Any())
                ? null : $"undecided: {replica}";
        });
        return replica;
    }
}
