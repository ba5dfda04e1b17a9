using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Reconciliation;

/// <summary>
/// A node's assignment is one document, and Consul takes half a MiB. A set beyond that could never be stored, and would hold up every other
/// node with it: the largest of what is new in it waits instead.
/// </summary>
internal static class AssignmentLimit
{
    /// <param name="held">What the node has now; it stays.</param>
    /// <returns>The set that fits, and what was left out of it; of a replica that was to be replaced the old one stays in.</returns>
    public static (ImmutableArray<AssignedReplica> Set, ImmutableArray<AssignedReplica> LeftOut) Apply(
        NodeId node, ImmutableArray<AssignedReplica> set, ImmutableArray<AssignedReplica> held, IEqualityComparer<AssignedReplica> same)
    {
        List<AssignedReplica> leftOut = [];
        if (!Fits(node, set))
        {
            Dictionary<ReplicaId, AssignedReplica> before = held.ToDictionary(replica => replica.Id);
            IEnumerable<AssignedReplica> fresh = set.Where(replica => !before.TryGetValue(replica.Id, out AssignedReplica? old) || !same.Equals(replica, old))
                .OrderByDescending(replica => ModelJson.Write(replica.Container, ModelJson.Default.ContainerTemplate).Length).ThenByDescending(replica => replica.Id);
            foreach (AssignedReplica replica in fresh)
            {
                leftOut.Add(replica);
                set = before.TryGetValue(replica.Id, out AssignedReplica? old) ? set.Replace(replica, old) : set.Remove(replica);
                if (Fits(node, set))
                {
                    break;
                }
            }
        }

        return (set, [.. leftOut]);
    }

    public static string Reason(string node) =>
        $"{node} would have to be told more than can be stored for a node ({ModelJson.MostPacked / 1024} KiB); make environment, labels and commands smaller, or have more nodes";

    private static bool Fits(NodeId node, ImmutableArray<AssignedReplica> set) =>
        ModelJson.Pack(new NodeAssignment { Node = node, Version = new AssignmentVersion(1, 1), Replicas = set }, ModelJson.Default.NodeAssignment).Length <= ModelJson.MostPacked;
}
