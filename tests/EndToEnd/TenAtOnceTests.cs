using System.Globalization;
using System.Text.Json;
using RpiAgent.Tests.EndToEnd.Support;
using Xunit;

namespace RpiAgent.Tests.EndToEnd;

/// <summary>
/// A box of Pis: ten boards with the same multi-use token on their cards are powered on together. No card has a name for its board, and
/// every second one has no address of the coordinator.
/// </summary>
[Collection<Alone>]
public sealed class TenAtOnceTests : IAsyncLifetime
{
    private const int Count = 10;

    /// <summary>What "at the same second" comes to where two cores stand for ten boards.</summary>
    private const int TogetherSeconds = 5;
    private readonly Rig _rig = new("e2eten", cards: "bare");

    [Fact]
    public async Task Ten_pis_powered_on_together_are_enrolled_within_a_minute_and_none_twice()
    {
        Dictionary<string, JsonElement> nodes = await _rig.NodesAsync();
        Assert.Equal(Enumerable.Range(1, Count).Select(number => $"pi{number}").Order(), nodes.Keys.Order());
        Assert.Equal(Count, nodes.Values.Select(node => node.GetProperty("id").GetString()).Distinct().Count());
        Assert.Equal(Count, nodes.Values.Select(node => node.GetProperty("address").GetString()).Distinct().Count());

        // The coordinator knows a node's address from its enrolment, and may reach it before it is registered.
        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(20), async () =>
        {
            using JsonDocument registered = JsonDocument.Parse(await _rig.ShellAsync("coordinator", """
                cd /var/lib/rpi-coordinator/consul && curl -sS --cacert ca.pem --cert consul.pem --key consul.key \
                  -H "X-Consul-Token: $(cat management-token)" https://127.0.0.1:8501/v1/catalog/service/rpi-agent
                """));
            return registered.RootElement.GetArrayLength() is var count && count == Count ? null : $"{count} are registered";
        });

        double[] started = new double[Count], enrolled = new double[Count];
        HashSet<string> names = [];
        for (int i = 0; i < Count; i++)
        {
            // When the board's systemd began, and when its certificate came; each is on the address and under the name that the cluster knows.
            string[] seen = (await _rig.ShellAsync($"pi{i + 1}", "systemctl show -p UserspaceTimestamp --timestamp=unix --value; stat -c %.Y /var/lib/rpi-agent/identity/node.pem; hostname; ip -4 -o addr show eth0")).Split('\n');
            started[i] = double.Parse(seen[0].TrimStart('@'), CultureInfo.InvariantCulture);
            enrolled[i] = double.Parse(seen[1], CultureInfo.InvariantCulture);
            Assert.True(names.Add(seen[2]), $"two boards are called {seen[2]}");
            Assert.Contains($" {nodes[seen[2]].GetProperty("address").GetString()!.Split('/')[0]}/", seen[3], StringComparison.Ordinal);
        }

        string measured = string.Create(CultureInfo.InvariantCulture, $"powered on within {started.Max() - started.Min():0.0} s; the first is enrolled after {enrolled.Min() - started.Min():0.0} s, all after {enrolled.Max() - started.Min():0.0} s");
        TestContext.Current.TestOutputHelper?.WriteLine(measured);
        Assert.True(started.Max() - started.Min() < TogetherSeconds, measured);
        Assert.True(enrolled.Max() - started.Min() < 60, measured);
        for (int i = 1; i <= Count; i++)
        {
            string log = await _rig.ShellAsync($"pi{i}", "journalctl -o cat --no-pager -u rpi-agent");
            Assert.Equal(i % 2 == 0, log.Contains("Found the coordinator at https://", StringComparison.Ordinal));
        }
    }

    public async ValueTask InitializeAsync()
    {
        TestContext.Current.TestOutputHelper?.WriteLine(await _rig.BeginAsync("--nodes", Count.ToString(CultureInfo.InvariantCulture), "--no-stack"));
    }

    public ValueTask DisposeAsync() => _rig.EndAsync();
}
