using System.Diagnostics;
using System.Text.Json;

namespace RpiAgent.Tests.EndToEnd.Support;

/// <summary>Drives deploy/try.sh. One instance is one cluster of virtual Pis with its own network, containers and files.</summary>
/// <param name="instance">Its name.</param>
/// <param name="cards">What the boards' cards leave out: with "bare" the names, and on every second one the coordinator's address.</param>
public sealed class Rig(string instance, string cards = "")
{
    public static readonly string Repository = FindRepository();

    private static readonly bool IsKept = Environment.GetEnvironmentVariable("RPI_TRY_KEEP") is not null;

    /// <summary>A cluster made from nothing: what a run that was cut short left of this instance goes first. With RPI_TRY_KEEP it is taken as it is.</summary>
    /// <param name="arguments">Of <c>deploy/try.sh up</c>.</param>
    /// <returns>What the person sees of it.</returns>
    /// <exception cref="InvalidOperationException">With all it said, when it fails.</exception>
    public async Task<string> BeginAsync(params string[] arguments)
    {
        if (!IsKept)
        {
            await TryAsync(TimeSpan.FromMinutes(3), "down");
        }

        RigResult up = await TryAsync(TimeSpan.FromMinutes(20), ["up", .. arguments]);
        return up.ExitCode == 0 ? up.Errors : throw new InvalidOperationException($"deploy/try.sh up failed with {up.ExitCode}:\n{up.Output}\n{up.Errors}");
    }

    /// <summary>Takes it down; with RPI_TRY_KEEP it stays, for a person to look at.</summary>
    public async ValueTask EndAsync()
    {
        if (!IsKept)
        {
            await TryAsync(TimeSpan.FromMinutes(3), "down");
        }
    }

    /// <summary>Runs deploy/try.sh; a verb that fails does not throw.</summary>
    public async Task<RigResult> TryAsync(TimeSpan limit, params string[] arguments)
    {
        ProcessStartInfo start = new(Path.Join(Repository, "deploy", "try.sh"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        start.Environment["RPI_TRY_INSTANCE"] = instance;
        start.Environment["RPI_TRY_CARDS"] = cards;
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        using CancellationTokenSource timeout = new(limit);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(timeout.Token);
            Task<string> errors = process.StandardError.ReadToEndAsync(timeout.Token);
            await process.WaitForExitAsync(timeout.Token);
            return new RigResult(process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return new RigResult(-1, "", $"'{string.Join(' ', arguments)}' did not end within {limit}");
        }
    }

    /// <summary>Runs deploy/try.sh and gives its output without the last line end.</summary>
    /// <exception cref="InvalidOperationException">With all it said, when it fails.</exception>
    public async Task<string> DoAsync(params string[] arguments)
    {
        RigResult result = await TryAsync(TimeSpan.FromMinutes(3), arguments);
        return result.ExitCode == 0
            ? result.Output.TrimEnd('\n')
            : throw new InvalidOperationException($"try.sh {string.Join(' ', arguments)} gave {result.ExitCode}:\n{result.Output}\n{result.Errors}");
    }

    /// <summary>A shell command on a Pi or on the coordinator's host ("coordinator").</summary>
    public Task<string> ShellAsync(string host, string command) => DoAsync("exec", host, "sh", "-c", command);

    /// <summary>A file of this machine, copied to a Pi.</summary>
    public Task SendAsync(string file, string host, string path) =>
        HostAsync($"RPI_TRY_INSTANCE={instance} {Repository}/deploy/try.sh exec {host} sh -c 'cat >{path}' <{file}");

    /// <summary>A container that is not ours; its start time and the engine's process say whether anything was restarted.</summary>
    public async Task<string> StartWitnessAsync(string node, string name = "witness")
    {
        await ShellAsync(node, $"tar -ch /bin/sleep $(ldd /bin/sleep | grep -o '/[^ ]*') 2>/dev/null | docker import - {name} >/dev/null && docker run -d --name {name} {name} /bin/sleep 1d");
        return await WitnessAsync(node, name);
    }

    public Task<string> WitnessAsync(string node, string name = "witness") =>
        ShellAsync(node, $"docker inspect -f '{{{{.State.StartedAt}}}} {{{{.State.Running}}}}' {name}; systemctl show docker -p MainPID");

    /// <summary>A shell script on this machine that must succeed.</summary>
    public static async Task HostAsync(string script)
    {
        ProcessStartInfo start = new("sh", ["-ec", script]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"`{script}` gave {process.ExitCode}:\n{output}\n{await errors}");
        }
    }

    /// <summary>An rpictl command with --json.</summary>
    public async Task<JsonElement> RpiCtlAsync(params string[] arguments)
    {
        string text = await DoAsync(["rpictl", .. arguments, "--json"]);
        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    public async Task<Dictionary<string, JsonElement>> NodesAsync() =>
        (await RpiCtlAsync("node", "ls")).EnumerateArray().ToDictionary(node => node.GetProperty("name").GetString()!);

    public async Task<Dictionary<string, JsonElement>> ReplicasAsync(string stack = "wordpress") =>
        (await RpiCtlAsync("stack", "ps", stack)).EnumerateArray().ToDictionary(replica => replica.GetProperty("service").GetString()!);

    private static string FindRepository()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Join(folder.FullName, "RpiAgent.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("This runs from inside the repository.");
    }
}

public sealed record RigResult(int ExitCode, string Output, string Errors);
