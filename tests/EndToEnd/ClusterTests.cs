using System.Text.Json;
using RpiAgent.Tests.EndToEnd.Support;
using Xunit;

namespace RpiAgent.Tests.EndToEnd;

[Collection<VirtualClusterCollection>]
public class ClusterTests
{
    private static readonly string[] Pis = ["pi1", "pi2", "pi3"];

    [Fact]
    public async Task Three_nodes_are_ready_with_static_addresses_from_the_pool_and_one_leads_the_swarm()
    {
        Dictionary<string, JsonElement> nodes = await VirtualCluster.NodesAsync();
        Assert.Equal(Pis, nodes.Keys.Order());
        Assert.All(nodes.Values, node => Assert.Equal("ready", node.GetProperty("state").GetString()));
        Assert.All(nodes.Values, node => Assert.InRange(int.Parse(node.GetProperty("address").GetString()!.Split('/')[0].Split('.')[3]), 101, 150));
        Assert.Single(nodes.Values, node => node.GetProperty("swarmRole").GetString() == "leader");
    }

    [Theory]
    [InlineData("pi1")]
    [InlineData("pi2")]
    [InlineData("pi3")]
    public async Task A_pi_is_configured_and_says_how_it_is(string pi)
    {
        string address = (await VirtualCluster.NodesAsync())[pi].GetProperty("address").GetString()!.Split('/')[0];
        string interfaces = await VirtualCluster.ShellAsync(pi, "cat /etc/network/interfaces");
        Assert.Contains("iface eth0 inet static", interfaces, StringComparison.Ordinal);
        Assert.Contains($"address {address}", interfaces, StringComparison.Ordinal);
        Assert.Contains($" {address}/", await VirtualCluster.ShellAsync(pi, "ip -4 addr show eth0"), StringComparison.Ordinal);
        Assert.Equal(pi, await VirtualCluster.ShellAsync(pi, "hostname"));
        Assert.Equal("active", await VirtualCluster.ShellAsync(pi, "docker info --format '{{.Swarm.LocalNodeState}}'"));
        string status = await VirtualCluster.ShellAsync(pi, "systemctl status rpi-agent --no-pager");
        Assert.Contains("active (running)", status, StringComparison.Ordinal);
        Assert.Contains($"Status: \"enrolled as {pi} {address}", status, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Consul_lists_three_passing_agents()
    {
        // A test before this one may have stopped an agent: it keeps its check alive from the moment it has found Consul again.
        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(30), async () =>
        {
            string json = await VirtualCluster.ShellAsync("coordinator", """
                cd /var/lib/rpi-coordinator/consul && curl -sS --cacert ca.pem --cert consul.pem --key consul.key \
                  -H "X-Consul-Token: $(cat management-token)" https://127.0.0.1:8501/v1/health/service/rpi-agent?passing
                """);
            using JsonDocument passing = JsonDocument.Parse(json);
            return passing.RootElement.GetArrayLength() == 3 ? null : json;
        });
    }

    [Fact]
    public async Task Caddy_php_and_mysql_run_on_three_different_pis()
    {
        Dictionary<string, JsonElement> replicas = await VirtualCluster.ReplicasAsync();
        Assert.Equal(["caddy", "mysql", "php"], replicas.Keys.Order());
        Assert.Equal(3, replicas.Values.Select(replica => replica.GetProperty("node").GetString()).Distinct().Count());
        foreach ((string service, JsonElement replica) in replicas)
        {
            string names = await VirtualCluster.ShellAsync(replica.GetProperty("node").GetString()!, "docker ps --filter label=rpi.workload --format '{{.Label \"rpi.workload\"}}'");
            Assert.Equal($"wordpress.{service}", names);
        }
    }

    [Theory]
    [InlineData("pi1")]
    [InlineData("pi2")]
    [InlineData("pi3")]
    public async Task No_other_port_of_a_pi_is_open(string pi)
    {
        // ssh, agent, swarm management, gossip and overlay, the DHCP client, and the site where caddy runs
        HashSet<string> allowed = ["tcp 22", "tcp 7443", "tcp 2377", "tcp 7946", "udp 7946", "udp 4789", "udp 68"];
        if ((await VirtualCluster.ReplicasAsync())["caddy"].GetProperty("node").GetString() == pi)
        {
            allowed.Add("tcp 80");
        }

        string listening = await VirtualCluster.ShellAsync(pi, "ss -Hltun | awk '{print $1, $5}'");
        string[] open = [.. listening.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))
            .Where(socket => !socket[1].StartsWith("127.", StringComparison.Ordinal) && !socket[1].StartsWith("[::1]", StringComparison.Ordinal))
            .Select(socket => $"{socket[0]} {socket[1][(socket[1].LastIndexOf(':') + 1)..]}").Distinct()];
        Assert.Contains("tcp 7443", open);
        Assert.DoesNotContain(open, port => !allowed.Contains(port));
    }
}
