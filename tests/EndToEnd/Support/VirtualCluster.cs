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
    public const string Instance = "e2e";
    private static readonly string Repository = FindRepository();

    public async ValueTask InitializeAsync()
    {
        Result up = await TryAsync(TimeSpan.FromMinutes(20), "up");
        Assert.True(up.ExitCode == 0, $"deploy/try.sh up failed with {up.ExitCode}:\n{up.Output}\n{up.Errors}");
    }

    public async ValueTask DisposeAsync()
    {
        if (Environment.GetEnvironmentVariable("RPI_TRY_KEEP") is null)
        {
            await TryAsync(TimeSpan.FromMinutes(3), "down");
        }
    }

    /// <summary>Runs deploy/try.sh; a verb that fails does not throw.</summary>
    public static async Task<Result> TryAsync(TimeSpan limit, params string[] arguments)
    {
        ProcessStartInfo start = new(Path.Join(Repository, "deploy", "try.sh"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        start.Environment["RPI_TRY_INSTANCE"] = Instance;
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        using CancellationTokenSource timeout = new(limit);
        Task<string> output = process.StandardOutput.ReadToEndAsync(timeout.Token);
        Task<string> errors = process.StandardError.ReadToEndAsync(timeout.Token);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
            return new Result(process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return new Result(-1, "", $"'{string.Join(' ', arguments)}' did not end within {limit}");
        }
    }

    /// <summary>Runs deploy/try.sh and expects success; gives its output without the last line end.</summary>
    public static async Task<string> DoAsync(params string[] arguments)
    {
        Result result = await TryAsync(TimeSpan.FromMinutes(3), arguments);
        Assert.True(result.ExitCode == 0, $"try.sh {string.Join(' ', arguments)} gave {result.ExitCode}:\n{result.Output}\n{result.Errors}");
        return result.Output.TrimEnd('\n');
    }

    /// <summary>A shell command on a Pi or on the coordinator's host ("coordinator").</summary>
    public static Task<string> ShellAsync(string host, string command) => DoAsync("exec", host, "sh", "-c", command);

    /// <summary>An rpictl command with --json.</summary>
    public static async Task<JsonElement> RpiCtlAsync(params string[] arguments)
    {
        string text = await DoAsync(["rpictl", .. arguments, "--json"]);
        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    public static async Task<Dictionary<string, JsonElement>> NodesAsync() =>
        (await RpiCtlAsync("node", "ls")).EnumerateArray().ToDictionary(node => node.GetProperty("name").GetString()!);

    public static async Task<Dictionary<string, JsonElement>> ReplicasAsync(string stack = "wordpress") =>
        (await RpiCtlAsync("stack", "ps", stack)).EnumerateArray().ToDictionary(replica => replica.GetProperty("service").GetString()!);

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

    private static string FindRepository()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Join(folder.FullName, "RpiAgent.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The tests run from inside the repository.");
    }
}

public sealed record Result(int ExitCode, string Output, string Errors);
