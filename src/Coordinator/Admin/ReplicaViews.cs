using System.Collections.Immutable;
using Google.Protobuf.WellKnownTypes;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Admin;

/// <summary>Replicas as an operator sees them: what is wanted, joined with where it was put and what its node says of it.</summary>
internal static class ReplicaViews
{
    /// <param name="stack">Null = of all stacks.</param>
    public static ImmutableArray<ReplicaInfo> Of(ClusterSnapshot cluster, string? stack, DateTimeOffset now)
    {
        Dictionary<ReplicaId, (NodeView? Node, AssignedReplica Assigned)> assigned = [];
        foreach ((NodeId id, NodeAssignment assignment) in cluster.Assignments)
        {
            foreach (AssignedReplica replica in assignment.Replicas.Where(one => stack is null || one.Stack == stack))
            {
                assigned.TryAdd(replica.Id, (cluster.Nodes.GetValueOrDefault(id), replica));
            }
        }

        SortedDictionary<ReplicaId, ReplicaInfo> infos = [];
        foreach (WorkloadSpec workload in cluster.Stacks.Values.Where(one => stack is null || one.Name == stack).SelectMany(one => one.Workloads))
        {
            foreach (ReplicaId id in Wanted(workload, assigned.Keys, cluster))
            {
                infos[id] = Begun(workload.Stack, workload.Service, id, workload.Container.Image);
            }
        }

        foreach ((ReplicaId id, (NodeView? node, AssignedReplica replica)) in assigned)
        {
            // One that is no longer wanted is shown until it is gone.
            ReplicaInfo info = infos.TryGetValue(id, out ReplicaInfo? known) ? known
                : infos[id] = Begun(replica.Stack, id.Workload.Value[(replica.Stack.Length + 1)..], id, replica.Container.Image);
            Place(info, replica, node, now);
        }

        foreach (ReplicaInfo info in infos.Values.Where(info => info.Node.Length == 0))
        {
            Wait(info, cluster);
        }

        return [.. infos.Values];
    }

    private static IEnumerable<ReplicaId> Wanted(WorkloadSpec workload, IEnumerable<ReplicaId> assigned, ClusterSnapshot cluster) => workload.Global
        ? assigned.Concat(cluster.Pending.Keys).Where(id => id.Workload == workload.Id)
        : Enumerable.Range(1, workload.Replicas).Select(index => new ReplicaId(workload.Id, index));

    private static ReplicaInfo Begun(string stack, string service, ReplicaId id, string image) =>
        new() { Stack = stack, Service = service, Index = (uint)id.Index, Image = image, State = "pending" };

    private static void Place(ReplicaInfo info, AssignedReplica assigned, NodeView? node, DateTimeOffset now)
    {
        info.Node = node?.Name ?? "(removed)";
        info.Address = node is null ? "" : NodeViews.Address(node);
        info.Explanation = assigned.Explanation;
        info.Ports.Add(assigned.Container.Ports.Where(port => port.HostPort != 0).Select(port => Published(port, info.Address)));
        ContainerView? seen = node?.Status?.Containers.FirstOrDefault(container => container.Replica == assigned.Id);
        if (node is null || !node.Ready)
        {
            (string state, string reason) = node is null ? ("gone", "it was removed from the cluster") : NodeViews.State(node, now);
            (info.State, info.Message) = ("unknown", $"{info.Node} is {state}: {reason}");
            return;
        }

        if (seen is null)
        {
            (info.State, info.Message) = ("waiting", $"{node.Name} has not begun yet");
            return;
        }

        info.State = seen.State;
        info.Health = seen.Health;
        info.Message = seen.SpecHash != assigned.SpecHash && seen.SpecHash.Length > 0 && seen.Message.Length == 0 ? "to be replaced by its new version" : seen.Message;
        info.Restarts = (uint)Math.Max(0, seen.Restarts);
        info.StartedAt = seen.StartedAt?.ToTimestamp();
        if (!seen.Ports.IsEmpty)
        {
            info.Ports.Clear();
            info.Ports.Add(seen.Ports.Select(port => Published(port, info.Address)).Distinct(StringComparer.Ordinal));
        }
    }

    private static void Wait(ReplicaInfo info, ClusterSnapshot cluster)
    {
        ReplicaId id = new(WorkloadId.Of(info.Stack, info.Service), (int)info.Index);
        if (cluster.Pending.TryGetValue(id, out PendingReplica? pending))
        {
            info.Message = pending.Message;
            info.Reasons.Add(pending.Reasons);
        }
        else
        {
            info.Message = "not placed yet";
        }
    }

    private static string Published(PublishedPort port, string address)
    {
        string host = port.HostIp is "" or "0.0.0.0" or "::" ? address : port.HostIp;
        return $"{(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:{port.HostPort}->{port.ContainerPort}/{port.Protocol}";
    }
}
