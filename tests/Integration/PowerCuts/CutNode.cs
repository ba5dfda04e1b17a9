using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Agent;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Agent.NodeConfig.Transaction;
using RpiAgent.Tests.PowerCutNode;
using Xunit;

namespace RpiAgent.Tests.Integration.PowerCuts;

/// <summary>A node's root in a folder of memory: it can be set to any state of its disk, booted, and looked at.</summary>
/// <param name="folder">As long a name as that of the folder the change was traced in.</param>
internal sealed class CutNode(string folder, string tracedFolder)
{
    public const string State = "/var/lib/rpi-agent";
    private const string Programs = "/usr";
    private static readonly string[] Areas = ["net", "docker"];

    public string Folder => folder;

    public void Become(DiskTree tree)
    {
        // The script stays: a program that was just written may be busy (a child that is being started still holds the file).
        Directory.CreateDirectory(folder);
        bool hasScript = File.Exists(folder + ScriptPath);
        foreach (string entry in Directory.GetDirectories(folder).Where(entry => !hasScript || entry != folder + Programs))
        {
            Directory.Delete(entry, recursive: true);
        }

        (hasScript ? tree.Without(Programs) : tree).WriteTo(folder, tracedFolder);
    }

    public DiskTree Look() => DiskTree.Read(folder);

    /// <summary>
    /// What a boot runs in order: the rollback unit under its condition, the timer of a change that this boot is to try, then the agent, to
    /// which no coordinator answers.
    /// </summary>
    public async Task BootAsync()
    {
        if (Areas.FirstOrDefault(HasMarker) is not null)
        {
            await RunScriptAsync("boot");
        }

        if (Areas.FirstOrDefault(HasMarker) is { } area && TransactionFiles.ReadMarker($"{folder}{State}/{area}/txn.json") is { Phase: TransactionPhase.Applied } tried)
        {
            await RunScriptAsync("timer", tried.Id);
        }

        await StartAgentAsync(isAnswered: false);
    }

    private async Task RunScriptAsync(params string[] arguments)
    {
        (string program, _, Dictionary<string, string> environment) = RollbackAtBoot();
        ProcessStartInfo start = new(program, arguments) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        using Process script = Process.Start(start)!;
        string errors = await script.StandardError.ReadToEndAsync();
        await script.WaitForExitAsync();
        Assert.True(script.ExitCode == 0, $"the rollback script ended with {script.ExitCode}: {errors}");
    }

    /// <summary>The agent's own way to end what an earlier one began.</summary>
    public async Task StartAgentAsync(bool isAnswered)
    {
        AgentOptions options = new() { Root = folder, NetworkConfirmSeconds = 30 };
        StateFolder.Sweep(options);
        using NodeConfigurator configurator = new(options, TimeProvider.System, NullLoggerFactory.Instance);
        NodeConfigOutcome outcome = await configurator.ApplyAsync(new NodeSpec("", null, []), (_, _) => Task.FromResult(isAnswered), TestContext.Current.CancellationToken);
        Assert.True(outcome.Result is NodeConfigResult.Unchanged or NodeConfigResult.RolledBack, $"the agent's start ended as {outcome.Result}: {outcome.Detail}");
    }

    public (string Program, string[] Arguments, Dictionary<string, string> Environment) RollbackAtBoot() =>
        (folder + ScriptPath, ["boot"], new() { ["RPI_AGENT_NET"] = $"{folder}{State}/{Area}", ["RPI_AGENT_RUN"] = folder + "/run/rpi-agent", ["RPI_AGENT_LINK"] = "no" });

    /// <summary>One of them at a time has a change under way.</summary>
    private string Area => Areas.FirstOrDefault(HasMarker) ?? Areas[0];

    private bool HasMarker(string area) => File.Exists($"{folder}{State}/{area}/txn.json");

    public const string ScriptPath = "/usr/lib/rpi-agent/net-rollback.sh";

    /// <returns>Null, or what is not as it must be after a boot.</returns>
    /// <param name="after">The configuration as the change would have it, when it was confirmed before the cut.</param>
    public string? WhyNot(Scenario scenario, DiskTree before, DiskTree after, bool mayBeNew)
    {
        DiskTree now = Look();
        if (now.Entries.Keys.FirstOrDefault(IsLeftover) is { } leftover)
        {
            return $"{leftover} is left over";
        }

        string[] files = [.. Configuration(before).Concat(Configuration(after)).Concat(Configuration(now)).Distinct(StringComparer.Ordinal)];
        string[] notOld = [.. files.Where(path => !Same(now, before, path))], notNew = [.. files.Where(path => !Same(now, after, path))];
        string? wrong = scenario.IsTransaction
            ? notOld.Length > 0 && (notNew.Length > 0 || !mayBeNew) ? $"{string.Join(", ", notOld)} {(mayBeNew ? "neither old nor new" : "not as before")}" : null
            : notOld.Intersect(notNew).FirstOrDefault() is { } neither ? $"{neither} is neither old nor new" : null;
        return wrong ?? scenario.WhyBroken(folder);
    }

    private static IEnumerable<string> Configuration(DiskTree tree) => tree.Without(State).Without("/run").Entries.Where(pair => !pair.Value.IsDirectory && !IsLeftover(pair.Key)).Select(pair => pair.Key);

    private static bool Same(DiskTree a, DiskTree b, string path) =>
        (a.Entries.GetValueOrDefault(path), b.Entries.GetValueOrDefault(path)) is var (one, other)
        && (one is null ? other is null : other is not null && one.Mode == other.Mode && one.Content.AsSpan().SequenceEqual(other.Content));

    private static bool IsLeftover(string path) =>
        path.StartsWith(State + "/net/txn", StringComparison.Ordinal) || path.StartsWith(State + "/docker/txn", StringComparison.Ordinal)
        || (Path.GetFileName(path).StartsWith('.') && path.EndsWith(".new", StringComparison.Ordinal))
        || path.EndsWith(".rpi-new", StringComparison.Ordinal) || path.EndsWith(".rpi-old", StringComparison.Ordinal) || path.EndsWith(".rpi-write", StringComparison.Ordinal);
}
