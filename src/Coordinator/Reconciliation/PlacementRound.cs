using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Coordinator.Scheduling;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Reconciliation;

/// <summary>One reconciliation under way: the decisions so far, and the cluster as it is with them.</summary>
internal sealed class PlacementRound
{
    /// <summary>Beyond that the reasons of every node are no help to anybody.</summary>
    private const int MostNodesToExplain = 100;

    private readonly ClusterSnapshot _cluster;
    private readonly ReconcileRules _rules;
    private readonly ImageIndex _images;
    private readonly HoldBack _holdBack;
    private readonly VolumeHomes _homes;
    private readonly PlacementCluster _placement;
    private readonly DateTimeOffset? _settles;
    private readonly SortedDictionary<ReplicaId, (NodeId Node, AssignedReplica Replica)> _current = [];
    private readonly SortedDictionary<ReplicaId, (NodeId Node, AssignedReplica Replica)> _decided = [];
    private readonly SortedDictionary<ReplicaId, ReplicaDecision> _decisions = [];
    private readonly ImmutableSortedDictionary<ReplicaId, PendingReplica>.Builder _pending = ImmutableSortedDictionary.CreateBuilder<ReplicaId, PendingReplica>();

    public PlacementRound(ClusterSnapshot cluster, ReconcileRules rules, DateTimeOffset now)
    {
        _cluster = cluster;
        _rules = rules;
        _images = new ImageIndex(cluster);
        _holdBack = new HoldBack(cluster);
        _homes = new VolumeHomes(cluster);
        _placement = PlacementMapping.ClusterOf(cluster, _homes.ByVolume);
        _settles = !rules.Forecast && cluster.Leader.Since + rules.Settle is DateTimeOffset settled && now < settled
            && cluster.Nodes.Values.Any(node => !node.Ready && !node.Down) ? settled : null;
        // Should a replica be assigned twice, the one on a living node counts.
        foreach (NodeAssignment assignment in cluster.Assignments.Values.OrderBy(one => NodeOf(one.Node) is { Ready: true } ? 0 : 1).ThenBy(one => one.Node))
        {
            foreach (AssignedReplica replica in assignment.Replicas)
            {
                _current.TryAdd(replica.Id, (assignment.Node, replica));
            }
        }
    }

    public IEnumerable<ReplicaId> AssignedOf(WorkloadId workload) => _current.Keys.Where(id => id.Workload == workload);

    /// <summary>Leaves a replica where it is, if it is somewhere and may stay.</summary>
    /// <param name="changed">False: only unchanged ones; true: those whose container is to be replaced.</param>
    public bool TryStay(WantedReplica wanted, bool changed)
    {
        if (!_current.TryGetValue(wanted.Id, out (NodeId Node, AssignedReplica Replica) held)
            || (held.Replica.SpecHash != wanted.Of.Hash) != changed
            || NodeOf(held.Node) is not NodeView node
            || !MayStay(wanted.Of, node, changed))
        {
            return false;
        }

        string explanation = held.Replica.Explanation;
        Assign(wanted, node, explanation, changed ? ReplicaAction.Update : ReplicaAction.Keep);
        if (node.Down)
        {
            string message = _homes.Of(wanted.Of.Workload).FirstOrDefault(volume => volume.Home == node.Id) is { Volume: string volume }
                ? $"data of {volume} is on {node.Name}, which is down" : $"{node.Name} is down";
            _pending[wanted.Id] = new PendingReplica(wanted.Id, wanted.Of.Stack.Name, wanted.Of.Workload.Container.Image, message, ImmutableSortedDictionary<string, string>.Empty);
        }

        return true;
    }

    public void Place(WantedReplica wanted)
    {
        WorkloadSpec workload = wanted.Of.Workload;
        bool first = !_current.ContainsKey(wanted.Id) && !_rules.Forecast;
        string? wait = (first ? _holdBack.Reason(workload) ?? _holdBack.MissingNetwork(workload, wanted.Of.Stack) : null)
            ?? _homes.Unreachable(workload)
            ?? (_settles is null ? null : "waiting for the nodes to connect to the new leader");
        if (wait is not null)
        {
            Wait(wanted, wait, ImmutableSortedDictionary<string, string>.Empty);
            return;
        }

        PlacementRequest request = PlacementMapping.RequestOf(workload, _images);
        PlacementPolicy policy = PlacementMapping.PolicyOf(workload, _rules.Policy);
        if (_cluster.Nodes.Count > MostNodesToExplain)
        {
            Take(wanted, new PlacementReport(Scheduler.Place(_placement, request, policy), policy.Strategy, []));
        }
        else
        {
            Take(wanted, Scheduler.Explain(_placement, request, policy));
        }
    }

    /// <summary>A global workload: a replica on every open node that fits and has none.</summary>
    public void PlaceEverywhere(Wanted wanted)
    {
        HashSet<NodeId> taken = [.. _decided.Where(one => one.Key.Workload == wanted.Workload.Id).Select(one => one.Value.Node)];
        HashSet<int> used = [.. _decided.Keys.Concat(_current.Keys).Where(id => id.Workload == wanted.Workload.Id).Select(id => id.Index)];
        string? wait = taken.Count > 0 || _rules.Forecast ? null : _holdBack.Reason(wanted.Workload) ?? _holdBack.MissingNetwork(wanted.Workload, wanted.Stack);
        PlacementPolicy policy = PlacementMapping.PolicyOf(wanted.Workload, _rules.Policy);
        PreparedRequest? prepared = PreparedRequest.Create(_placement, PlacementMapping.RequestOf(wanted.Workload, _images), policy, out Unplaceable? refusal);
        SortedDictionary<string, string> reasons = new(StringComparer.Ordinal);
        int index = 1;
        foreach (NodeView node in wait is null && prepared is not null ? _cluster.Nodes.Values.Where(node => !taken.Contains(node.Id)) : [])
        {
            NodeState there = _placement.Find(node.Name)!;
            if (Array.Find(prepared!.Hard, filter => !filter.Keeps(there)) is PlacementFilter refusing)
            {
                reasons[node.Name] = refusing.Why(there);
                continue;
            }

            while (!used.Add(index))
            {
                index++;
            }

            Assign(new WantedReplica(new ReplicaId(wanted.Workload.Id, index), wanted), node, $"{node.Name}: one on every node that fits", ReplicaAction.Create);
            taken.Add(node.Id);
        }

        if (taken.Count == 0)
        {
            WantedReplica none = new(new ReplicaId(wanted.Workload.Id, 1), wanted);
            Wait(none, wait ?? refusal?.Message ?? "no node fits", reasons.ToImmutableSortedDictionary(StringComparer.Ordinal));
        }
    }

    public ChangeSet Result()
    {
        foreach ((ReplicaId id, (NodeId node, _)) in _current.Where(one => !_decided.ContainsKey(one.Key) && !_decisions.ContainsKey(one.Key)))
        {
            _decisions[id] = new ReplicaDecision(id, ReplicaAction.Remove, NodeOf(node)?.Name ?? "", "no longer wanted");
        }

        ILookup<NodeId, AssignedReplica> sets = _decided.Values.ToLookup(one => one.Node, one => one.Replica);
        ImmutableSortedDictionary<NodeId, ImmutableArray<AssignedReplica>>.Builder changed = ImmutableSortedDictionary.CreateBuilder<NodeId, ImmutableArray<AssignedReplica>>();
        foreach (NodeId node in _cluster.Nodes.Keys)
        {
            ImmutableArray<AssignedReplica> held = [.. (_cluster.Assignments.GetValueOrDefault(node)?.Replicas ?? []).OrderBy(replica => replica.Id)];
            ImmutableArray<AssignedReplica> set = [.. sets[node]];
            if (set.SequenceEqual(held, SameAssignment.Instance))
            {
                continue;
            }

            (set, ImmutableArray<AssignedReplica> leftOut) = AssignmentLimit.Apply(node, set, held, SameAssignment.Instance);
            foreach (AssignedReplica replica in leftOut)
            {
                Wait(replica.Id, replica.Stack, replica.Container.Image, AssignmentLimit.Reason(NodeOf(node)!.Name), ImmutableSortedDictionary<string, string>.Empty);
            }

            if (leftOut.IsEmpty || !set.SequenceEqual(held, SameAssignment.Instance))
            {
                changed[node] = set;
            }
        }

        return new ChangeSet
        {
            Assignments = changed.ToImmutable(),
            Volumes = _homes.Given,
            Forgotten = [.. _cluster.Assignments.Keys.Where(node => !_cluster.Nodes.ContainsKey(node))],
            Pending = _pending.ToImmutable(),
            Decisions = [.. _decisions.Values],
            LookAgain = _settles,
        };
    }

    private bool MayStay(Wanted wanted, NodeView node, bool changed)
    {
        if (node.Record.Drained)
        {
            return false;
        }

        if (node.Down)
        {
            // Free replicas go elsewhere; what has its data or its place there waits for the node.
            return wanted.Workload.Global || _homes.Of(wanted.Workload).Any(volume => volume.Home == node.Id);
        }

        // Of an engine that is not described yet nobody can say that it does not fit: its agent, or this coordinator, has just started.
        PreparedRequest? prepared = node is { Ready: true, Description.KnowsEngine: true }
            ? PreparedRequest.Create(_placement, PlacementMapping.RequestOf(wanted.Workload, _images), PlacementMapping.PolicyOf(wanted.Workload, _rules.Policy), out _)
            : null;
        NodeState there = _placement.Find(node.Name)!;
        return prepared is null || prepared.Hard.All(filter => !Evicts(filter, changed) || filter.Keeps(there));
    }

    /// <summary>Running replicas leave for the sake of constraints only; a changed one is looked at as if it were new.</summary>
    private static bool Evicts(PlacementFilter filter, bool changed) =>
        filter is not OpenFilter && (changed || filter.Name is "constraint" or "volume");

    private void Take(WantedReplica wanted, PlacementReport report)
    {
        ImmutableSortedDictionary<string, string> reasons = report.Nodes.Where(node => node.Why is not null)
            .ToImmutableSortedDictionary(node => node.Node, node => node.Why!, StringComparer.Ordinal);
        if (report.Outcome is not Placed placed)
        {
            Unplaceable refused = (Unplaceable)report.Outcome;
            Wait(wanted, refused.Message, refused.Reasons);
            return;
        }

        Assign(wanted, _cluster.Nodes[new NodeId(placed.NodeId)], report.Line(), _current.ContainsKey(wanted.Id) ? ReplicaAction.Move : ReplicaAction.Create);
        _decisions[wanted.Id] = _decisions[wanted.Id] with
        {
            Reasons = reasons,
            Scores = report.Nodes.Where(node => node.Score is not null)
                .ToImmutableSortedDictionary(node => node.Node, node => (double)node.Score!.Weight, StringComparer.Ordinal),
        };
    }

    private void Assign(WantedReplica wanted, NodeView node, string explanation, ReplicaAction action)
    {
        WorkloadSpec workload = wanted.Of.Workload;
        AssignedReplica replica = new(wanted.Id, wanted.Of.Stack.Name, workload.Container, wanted.Of.Hash, explanation)
        {
            StartsAfter = [.. workload.DependsOn.Where(one => one.Condition != "service_completed_successfully").Select(one => one.Workload).Order()],
        };
        _decided[wanted.Id] = (node.Id, replica);
        _decisions[wanted.Id] = new ReplicaDecision(wanted.Id, action, node.Name, explanation);
        _placement.Add(node.Name, PlacementMapping.ContainerOf(wanted.Id, workload));
        _homes.Settle(workload, node.Id);
    }

    private void Wait(WantedReplica wanted, string message, ImmutableSortedDictionary<string, string> reasons) =>
        Wait(wanted.Id, wanted.Of.Stack.Name, wanted.Of.Workload.Container.Image, message, reasons);

    private void Wait(ReplicaId id, string stack, string image, string message, ImmutableSortedDictionary<string, string> reasons)
    {
        _pending[id] = new PendingReplica(id, stack, image, message, reasons);
        _decisions[id] = new ReplicaDecision(id, ReplicaAction.Wait, "", message) { Reasons = reasons };
    }

    private NodeView? NodeOf(NodeId id) => _cluster.Nodes.GetValueOrDefault(id);

    private sealed class SameAssignment : IEqualityComparer<AssignedReplica>
    {
        public static SameAssignment Instance { get; } = new();

        public bool Equals(AssignedReplica? x, AssignedReplica? y) =>
            x is not null && y is not null && x.Id == y.Id && x.Stack == y.Stack && x.SpecHash == y.SpecHash && x.StartsAfter.SequenceEqual(y.StartsAfter);

        public int GetHashCode(AssignedReplica obj) => HashCode.Combine(obj.Id, obj.SpecHash);
    }
}
