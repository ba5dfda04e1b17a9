using System.Diagnostics;
using System.Net;
using RpiAgent.Tests.EndToEnd.Support;

namespace RpiAgent.Tests.Benchmarks;

/// <summary>
/// From `deploy` to WordPress's install page answering 200, with the images on every Pi and an empty database: ours and Swarm's own
/// `docker stack deploy` of the same images on the same Pis, in turn. Prints every run, the medians and their ratio.
/// Needs a cluster of its own that is up: RPI_TRY_INSTANCE=NAME deploy/try.sh up.
/// </summary>
internal static class DeployBenchmark
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly string? Instance = Environment.GetEnvironmentVariable("RPI_TRY_INSTANCE");
    private static readonly Rig Pis = new(Instance ?? "");

    public static async Task<int> RunAsync(int runs)
    {
        if (Instance is null)
        {
            await Console.Error.WriteLineAsync("This removes WordPress and its data again and again: name a cluster of its own by RPI_TRY_INSTANCE, e.g. RPI_TRY_INSTANCE=bench deploy/try.sh up");
            return 64;
        }

        string[] names = [.. (await Pis.NodesAsync()).Keys.Order()];
        Dictionary<string, string> addresses = (await Pis.NodesAsync()).ToDictionary(node => node.Key, node => node.Value.GetProperty("address").GetString()!.Split('/')[0]);
        string leader = (await Pis.NodesAsync()).Single(node => node.Value.GetProperty("swarmRole").GetString() == "leader").Key;
        await Pis.DoAsync("images-everywhere");
        List<double> ours = [], swarms = [];
        for (int run = 1; run <= runs; run++)
        {
            await ClearAsync(names, leader);
            ours.Add(await TimeAsync(addresses.Values, () => Pis.DoAsync("deploy-wordpress", "--no-wait")));
            await ClearAsync(names, leader);
            swarms.Add(await TimeAsync(addresses.Values, () => Pis.DoAsync("swarm-wordpress", leader)));
            Console.WriteLine($"run {run}: rpictl stack deploy {ours[^1]:F2} s   docker stack deploy {swarms[^1]:F2} s");
        }

        await ClearAsync(names, leader);
        await Pis.DoAsync("deploy-wordpress");
        Console.WriteLine($"median of {runs}: rpictl stack deploy {Median(ours):F2} s   docker stack deploy {Median(swarms):F2} s   ratio {Median(ours) / Median(swarms):F2}");
        return 0;
    }

    /// <summary>No containers of either kind, no data.</summary>
    private static async Task ClearAsync(string[] nodes, string leader)
    {
        await Pis.TryAsync(Limit, "rpictl", "stack", "rm", "wordpress");
        await Pis.ShellAsync(leader, "docker stack rm swarm >/dev/null 2>&1; while docker network ls --format '{{.Name}}' | grep -q '^swarm_'; do sleep 0.2; done");
        foreach (string node in nodes)
        {
            await Pis.ShellAsync(node, "while [ -n \"$(docker ps -aq)\" ]; do sleep 0.2; done; docker volume ls -q | grep -E '^(wordpress|swarm)_' | xargs -r docker volume rm >/dev/null");
        }

        await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, CancellationToken.None);
    }

    private static async Task<double> TimeAsync(IEnumerable<string> addresses, Func<Task> deploy)
    {
        Stopwatch watch = Stopwatch.StartNew();
        Task deploying = deploy();
        Task<string>[] pages = [.. addresses.Select(address => FirstPageAsync(new Uri($"http://{address}/wp-admin/install.php"), watch))];
        Task first = await Task.WhenAny(pages);
        double seconds = watch.Elapsed.TotalSeconds;
        await first;
        await deploying;
        return seconds;
    }

    private static async Task<string> FirstPageAsync(Uri address, Stopwatch watch)
    {
        using HttpClient http = new() { Timeout = TimeSpan.FromSeconds(2) };
        while (watch.Elapsed < Limit)
        {
            try
            {
                using HttpResponseMessage page = await http.GetAsync(address);
                string text = await page.Content.ReadAsStringAsync();
                if (page.StatusCode == HttpStatusCode.OK && text.Contains("Installation</title>", StringComparison.Ordinal))
                {
                    return text;
                }
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                // Not yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(25), TimeProvider.System, CancellationToken.None);
        }

        throw new TimeoutException($"{address} did not answer within {Limit}");
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
