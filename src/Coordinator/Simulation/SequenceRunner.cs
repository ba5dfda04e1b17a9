using System.Collections.Immutable;
using RpiAgent.Coordinator.Scheduling;

namespace RpiAgent.Coordinator.Simulation;

/// <summary>Plays a story: containers come and go, nodes fail and return, and what may move is placed again by the same scheduler.</summary>
internal sealed class SequenceRunner
{
    private const int FailuresUntilLost = 3;

    private readonly PlacementCluster _cluster;
    private readonly PlacementPolicy _policy;
    private readonly List<SimulatedContainer> _containers = [];
    private readonly SortedSet<string> _lost = new(StringComparer.Ordinal);
    private readonly List<string> _errors = [];
    private readonly List<string> _log = [];

    private SequenceRunner(SequenceCase story)
    {
        (_cluster, _policy) = (story.Cluster(), story.Policy);
        foreach (PlacementNode node in story.Nodes)
        {
            foreach (PlacedContainer container in node.Containers)
            {
                _containers.Add(new(container.Names is [var name, ..] ? name : container.Id, null) { Node = node.Name, Placed = container, Running = !container.Exited });
            }
        }
    }

    public static SequenceOutcome Run(SequenceCase story)
    {
        SequenceRunner runner = new(story);
        foreach (SequenceStep step in story.Steps)
        {
            runner.Play(step);
            runner.MoveFromLostNodes();
        }
        return new([.. runner._containers.Select(c => new ContainerOutcome(c.Name, c.Node, c.Running))], [.. runner._errors], [.. runner._log]);
    }

    private void Play(SequenceStep step)
    {
        switch (step.Kind)
        {
            case StepKind.Run or StepKind.Create:
                Create(step);
                break;
            case StepKind.Exit or StepKind.Remove:
                if (_containers.Find(c => CopyName.Means(step.Target, c.Name)) is { } container && !_lost.Contains(container.Node))
                {
                    Leave(container, step.Kind == StepKind.Remove);
                }
                else
                {
                    _log.Add($"{step.Target}: not there, or its node is off; nothing done");
                }
                break;
            case StepKind.PowerOff or StepKind.Shutdown:
                Lose(step.Target, orderly: step.Kind == StepKind.Shutdown);
                break;
            case StepKind.PowerOn:
                Return(step.Target);
                break;
            default:
                Hiccup(step.Target, step.Count);
                break;
        }
    }

    private void Create(SequenceStep step)
    {
        for (int i = 1; i <= step.Count; i++)
        {
            CaseRequest request = step.Request!;
            string name = CopyName.Of(request.Placement.Name, i, step.Count);
            SimulatedContainer container = new(name.Length == 0 ? $"unnamed_{_containers.Count + 1}" : name, request with { Placement = request.Placement with { Name = name } });
            container.Running = container.MeantToRun = step.Kind == StepKind.Run;
            if (request.Problem is not null)
            {
                Refuse(container, new(PlacementErrors.InvalidRequest, request.Problem));
            }
            else if (Settle(container) is { } refusal)
            {
                Refuse(container, refusal);
            }
            else
            {
                _containers.Add(container);
                _log.Add($"{container.Name} → {container.Node}");
            }
        }
    }

    private void Refuse(SimulatedContainer container, Unplaceable refusal)
    {
        _errors.Add(refusal.Error);
        _log.Add($"{container.Name}: {refusal.Error}: {refusal.Explain()}");
    }

    private Unplaceable? Settle(SimulatedContainer container)
    {
        Placement placement = Scheduler.Place(_cluster, container.Request!.Placement, _policy);
        if (placement is not Placed placed)
        {
            return (Unplaceable)placement;
        }
        container.Node = placed.Node;
        container.Placed = container.OnNode();
        _cluster.Add(placed.Node, container.Placed);
        return null;
    }

    private void Leave(SimulatedContainer container, bool remove)
    {
        if (remove)
        {
            _cluster.Remove(container.Node, container.Placed!);
            _containers.Remove(container);
            _log.Add($"{container.Name} removed");
            return;
        }
        container.Running = container.MeantToRun = false;
        container.HasExited = true;
        Stop(container);
        _log.Add($"{container.Name} exited");
    }

    private void Stop(SimulatedContainer container)
    {
        _cluster.Remove(container.Node, container.Placed!);
        container.Placed = container.Placed! with { Exited = true };
        _cluster.Add(container.Node, container.Placed);
    }

    private void Lose(string node, bool orderly)
    {
        if (!_lost.Add(node))
        {
            return;
        }
        _cluster.SetHealth(node, 0);
        _log.Add($"{node} is lost");
        foreach (SimulatedContainer container in On(node).Where(_ => orderly))
        {
            container.Running = false;
        }
    }

    /// <summary>Containers that moved are gone from it; those that stayed are there again, stopped.</summary>
    private void Return(string node)
    {
        if (!_lost.Remove(node))
        {
            return;
        }
        _cluster.SetHealth(node, 100);
        _log.Add($"{node} is back");
        foreach (SimulatedContainer container in On(node))
        {
            container.Running = false;
            Stop(container);
        }
    }

    /// <summary>Failures in a row, then fine. Its containers run on; enough failures count as a loss while they last.</summary>
    private void Hiccup(string node, int failures)
    {
        if (_lost.Contains(node) || failures < FailuresUntilLost)
        {
            return;
        }
        Lose(node, orderly: false);
        MoveFromLostNodes();
        _lost.Remove(node);
        _cluster.SetHealth(node, 100);
        _log.Add($"{node} answers again");
    }

    /// <summary>Asked again after every step: a move that failed is tried again as soon as something changed.</summary>
    private void MoveFromLostNodes()
    {
        foreach (SimulatedContainer container in _containers.Where(c => c.Request is { Moves: true } && _lost.Contains(c.Node)).ToArray())
        {
            (string from, PlacedContainer there, bool running) = (container.Node, container.Placed!, container.Running);
            _cluster.Remove(from, there);
            container.Running = container.MeantToRun;
            if (Settle(container) is { } refusal)
            {
                container.Running = running;
                _cluster.Add(from, there);
                _log.Add($"{container.Name} cannot move from {from}: {refusal.Explain()}");
            }
            else
            {
                _log.Add($"{container.Name} moves {from} → {container.Node}");
            }
        }
    }

    private SimulatedContainer[] On(string node) => [.. _containers.Where(c => c.Node == node)];
}

/// <param name="Request">Null for containers that were there before the story began; they never move.</param>
internal sealed class SimulatedContainer(string name, CaseRequest? request)
{
    public string Name => name;
    public CaseRequest? Request => request;
    public string Node { get; set; } = "";
    public PlacedContainer? Placed { get; set; }
    public bool Running { get; set; }
    /// <summary>It was started and did not exit by itself; being stopped with its node does not change that.</summary>
    public bool MeantToRun { get; set; }
    public bool HasExited { get; set; }

    public PlacedContainer OnNode()
    {
        PlacementRequest asked = request!.Placement;
        return new()
        {
            Names = [name],
            Labels = request.Labels,
            Group = asked.Group,
            MilliCpus = Math.Max(0, asked.MilliCpus),
            MemoryBytes = Math.Max(0, asked.MemoryBytes),
            Ports = asked.Ports,
            Expose = asked.Expose,
            HostNetwork = asked.Network == "host",
            Exited = HasExited,
        };
    }
}

/// <param name="Log">What happened, a line each, for people.</param>
internal sealed record SequenceOutcome(ImmutableArray<ContainerOutcome> Containers, ImmutableArray<string> Errors, ImmutableArray<string> Log)
{
    /// <summary>Nodes that hold something; containers that exited count.</summary>
    public ImmutableSortedDictionary<string, int> Counts() =>
        Containers.GroupBy(c => c.Node, StringComparer.Ordinal).ToImmutableSortedDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal);
}

internal sealed record ContainerOutcome(string Name, string Node, bool Running);

/// <summary>Names of the copies of one <c>run</c> with a count: web-1, web-2…</summary>
internal static class CopyName
{
    public static string Of(string name, int copy, int count) => name.Length == 0 || count == 1 ? name : $"{name}-{copy}";

    /// <summary>The name itself, or that of a copy with another or no sign before the number.</summary>
    public static bool Means(string text, string name)
    {
        int dash = name.LastIndexOf('-');
        return text == name
            || (dash > 0 && name.AsSpan(dash + 1).IndexOfAnyExceptInRange('0', '9') < 0
                && (text == name.Remove(dash, 1) || text == $"{name[..dash]}_{name[(dash + 1)..]}"));
    }
}
