using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using RpiAgent.Agent.NodeConfig.DockerOptions;
using RpiAgent.Agent.NodeConfig.Transaction;

namespace RpiAgent.Agent.NodeConfig;

/// <summary>Makes the node's own configuration as wished: inspect, plan, then one step after the other. The one home of writes to /etc.</summary>
internal sealed partial class NodeConfigurator : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly AgentOptions _options;
    private readonly ILogger<NodeConfigurator> _logger;
    private readonly CommandRunner _commands;
    private readonly ConfigFiles _files;
    private readonly NodeInspector _inspector;
    private readonly NetworkTransaction _network;
    private readonly EngineTransaction _engine;
    private readonly SemaphoreSlim _oneAtATime = new(1, 1);

    public NodeConfigurator(AgentOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        _options = options;
        _logger = loggers.CreateLogger<NodeConfigurator>();
        _commands = new CommandRunner(time);
        _files = new ConfigFiles(options);
        _inspector = new NodeInspector(options, _commands);
        _network = NetworkTransaction.Create(options, _files, time, loggers.CreateLogger<NetworkTransaction>());
        _engine = EngineTransaction.Create(options, _files, time, loggers.CreateLogger<EngineTransaction>());
    }

    /// <summary>Does nothing when all is as wished, also after a restart of the agent.</summary>
    /// <param name="confirm">Asks the coordinator over the interface that changed, from its new address; called until it answers true or the time is up.</param>
    public async Task<NodeConfigOutcome> ApplyAsync(NodeSpec desired, Func<TransactionMarker, CancellationToken, Task<bool>> confirm, CancellationToken cancel)
    {
        await _oneAtATime.WaitAsync(cancel);
        List<string> done = [];
        try
        {
            _files.Sweep();
            string? engine = await _engine.ResumeAsync(cancel);
            TransactionEnd? network = await _network.ResumeAsync(confirm, cancel);
            if ((engine ?? network?.RolledBackBecause) is { } reason)
            {
                return new NodeConfigOutcome(NodeConfigResult.RolledBack, reason, [], []);
            }

            NodePlan plan = NodePlanner.Plan(await _inspector.InspectAsync(desired.Address?.Interface, cancel), desired);
            if (plan.Refusal is { } refusal)
            {
                throw new RefusalException(refusal);
            }

            foreach (string warning in plan.Warnings)
            {
                LogWarning(warning);
            }

            if (desired.OrderedBy != NodeSpec.Person && TakenBack(plan, desired.OrderedBy) is { } unseen)
            {
                return new NodeConfigOutcome(NodeConfigResult.RolledBack, unseen, [], plan.Warnings);
            }

            foreach (NodeStep step in plan.Steps)
            {
                if (await RunAsync(step, desired, confirm, cancel) is { } takenBack)
                {
                    return new NodeConfigOutcome(NodeConfigResult.RolledBack, takenBack, [.. done], plan.Warnings);
                }

                string words = step.ToString();
                done.Add(words);
                LogDone(words);
            }

            return new NodeConfigOutcome(done.Count > 0 ? NodeConfigResult.Changed : NodeConfigResult.Unchanged, "", [.. done], plan.Warnings);
        }
        catch (RefusalException e)
        {
            LogRefused(e.Message);
            return new NodeConfigOutcome(NodeConfigResult.Refused, e.Message, [.. done], []);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogFailed(e, e.Message);
            return new NodeConfigOutcome(NodeConfigResult.Failed, e.Message, [.. done], []);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>One change of address at a time: a second one is refused while this one waits for its confirmation.</summary>
    public Refusal? RefusePending() => _network.RefusePending();

    /// <inheritdoc cref="UntoldFailure.Forget"/>
    public void ForgetFailure(string orderedBy)
    {
        _network.Untold.Forget(orderedBy);
        _engine.Untold.Forget(orderedBy);
    }

    public void Dispose() => _oneAtATime.Dispose();

    /// <returns>Why a part of the plan was taken back before, and nobody told it yet.</returns>
    private string? TakenBack(NodePlan plan, string orderedBy) =>
        (plan.Steps.Any(step => step is ChangeAddress) ? _network.Untold.Of(orderedBy) : null)
        ?? (plan.Steps.Any(step => step is ChangeDockerOptions) ? _engine.Untold.Of(orderedBy) : null);

    /// <returns>Null, or why the step was taken back.</returns>
    private async Task<string?> RunAsync(NodeStep step, NodeSpec desired, Func<TransactionMarker, CancellationToken, Task<bool>> confirm, CancellationToken cancel)
    {
        switch (step)
        {
            case WriteFile write:
                _files.Write(write.Path, write.Content);
                return null;
            case RemoveFiles remove:
                foreach (string path in remove.Paths)
                {
                    _files.Delete(path);
                }

                return null;
            case SetHostName name:
                await SetHostNameAsync(name.Name, cancel);
                return null;
            case ChangeAddress change when desired.AtNextBoot:
                await _network.RunAtBootAsync(change, cancel);
                return null;
            case ChangeAddress change:
                return (await _network.RunAsync(change, confirm, cancel)).RolledBackBecause;
            case ChangeDockerOptions docker:
                return await _engine.RunAsync(docker, desired.OrderedBy, desired.TriesWhatFailed, cancel);
            default:
                throw new InvalidOperationException($"no way to {step}");
        }
    }

    private async Task SetHostNameAsync(string name, CancellationToken cancel)
    {
        if (_options.Root == "/" && (await _commands.RunAsync("hostnamectl", ["set-hostname", name], Limit, cancel)).Succeeded)
        {
            return;
        }

        // Where hostnamed cannot run. The agent itself may not set the kernel's name (ProtectHostname).
        _files.Write("/etc/hostname", [.. System.Text.Encoding.ASCII.GetBytes(name), (byte)'\n']);
        if (_options.Root == "/")
        {
            (await _commands.RunAsync("systemd-run", ["--quiet", "--wait", "--collect", "--pipe", "hostname", name], Limit, cancel)).OrThrow();
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Node configuration: {Step}: done")]
    private partial void LogDone(string step);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Node configuration: {Warning}")]
    private partial void LogWarning(string warning);

    [LoggerMessage(Level = LogLevel.Error, Message = "Node configuration refused: {Reason}")]
    private partial void LogRefused(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Node configuration failed: {Reason}")]
    private partial void LogFailed(Exception fault, string reason);
}

/// <param name="Detail">Why it was refused, rolled back or failed; else empty.</param>
/// <param name="Done">The steps that were taken, in words.</param>
internal sealed record NodeConfigOutcome(NodeConfigResult Result, string Detail, ImmutableArray<string> Done, ImmutableArray<string> Warnings);

internal enum NodeConfigResult
{
    Unchanged,
    Changed,
    Refused,
    RolledBack,
    Failed,
}
