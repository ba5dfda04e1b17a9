using System.Collections.Immutable;
using CsCheck;
using RpiAgent.Coordinator.Model;
using RpiAgent.Coordinator.Reconciliation;
using RpiAgent.Protos;
using RpiAgent.Tests.Unit.Cluster;
using Xunit;

namespace RpiAgent.Tests.Unit.Reconciliation;

/// <summary>What holds of every plan, over generated clusters.</summary>
public class ReconcilerPropertyTests
{
    [Fact]
    public void Every_plan_is_repeatable_complete_and_breaks_no_promise() =>
        Gen.Select(Gen.Int[1, 6], GenStack.Array[1, 3], Gen.Select(Gen.Int[1, 6], Gen.Int[0, 3]).Array[0, 8]).Sample(
            (nodes, stacks, events) =>
            {
                ClusterSnapshot cluster = Pis.Of([.. Enumerable.Range(1, nodes).Select(i => Pis.Node(i))]);
                for (int i = 0; i < stacks.Length; i++)
                {
                    cluster = Check(cluster.With(Named(stacks[i], $"s{i}")));
                }

                foreach ((int number, int kind) in events.Where(one => one.Item1 <= nodes))
                {
                    NodeView node = Pis.Node(number);
                    cluster = Check(cluster.With(kind switch { 0 => node.Dead(), 1 => node.Drained(), 2 => node.Silent(), _ => node }));
                }
            },
            iter: 300);

    private static Gen<ImmutableArray<WorkloadSpec>> GenStack => Gen.Select(Gen.Int[1, 4], Gen.Int[0, 3], Gen.Bool, Gen.Int[0, 2]).Array[1, 4].Select(all => all
        .Select((one, i) => Pis.Workload("s", $"w{i}", one.Item1, "img", one.Item2 == 1 ? ["shared"] : one.Item2 == 2 ? [$"own{i}"] : []) with
        {
            Global = one.Item3 && one.Item2 == 0,
            ReservedMemoryBytes = one.Item4 * 300L * 1024 * 1024,
        }).ToImmutableArray());

    private static StackSpec Named(ImmutableArray<WorkloadSpec> workloads, string stack) => Pis.Stack(stack, [.. workloads.Select(workload => workload with
    {
        Id = WorkloadId.Of(stack, workload.Service),
        Stack = stack,
        Container = workload.Container with { Mounts = [.. workload.Container.Mounts.Select(mount => mount with { Source = $"{stack}_{mount.Source}" })] },
    })]);

    private static ClusterSnapshot Check(ClusterSnapshot cluster)
    {
        ChangeSet change = Reconcile(cluster);
        Assert.Equal(change.Decisions.Select(one => one.ToString()), Reconcile(cluster).Decisions.Select(one => one.ToString()));
        ClusterSnapshot after = change.ApplyTo(cluster, 5);
        Assert.True(Reconcile(after).IsEmpty, "a plan applied leaves nothing to plan");

        Dictionary<WorkloadId, WorkloadSpec> workloads = after.Stacks.Values.SelectMany(stack => stack.Workloads).ToDictionary(workload => workload.Id);
        HashSet<ReplicaId> before = [.. cluster.Assignments.SelectMany(one => one.Value.Replicas).Select(replica => replica.Id)];
        List<ReplicaId> all = [.. after.Assignments.Values.SelectMany(one => one.Replicas).Select(replica => replica.Id)];
        Assert.Equal(all.Count, all.Distinct().Count());
        foreach ((NodeId id, NodeAssignment assignment) in after.Assignments)
        {
            NodeView node = after.Nodes[id];
            HashSet<ReplicaId> held = [.. (cluster.Assignments.GetValueOrDefault(id)?.Replicas ?? []).Select(replica => replica.Id)];
            Assert.True(!node.Record.Drained || assignment.Replicas.IsEmpty, "a drained node is empty");
            foreach (AssignedReplica replica in assignment.Replicas)
            {
                WorkloadSpec workload = workloads[replica.Id.Workload];
                Assert.True(node.Ready || held.Contains(replica.Id), "nothing new goes to a node that is not ready");
                Assert.True(!node.Down || workload.Global || !PlacementMapping.HomedVolumes(workload).IsEmpty, "free replicas leave a dead node");
                Assert.All(PlacementMapping.HomedVolumes(workload), volume => Assert.Equal(after.Volumes[volume].Home, id));
            }

            if (node.Ready)
            {
                Assert.True(assignment.Replicas.Sum(replica => workloads[replica.Id.Workload].ReservedMemoryBytes) <= 1.05 * (1L << 30), "memory is not promised twice");
            }
        }

        Assert.All(cluster.Volumes, volume => Assert.Equal(volume.Value.Home, after.Volumes[volume.Key].Home));
        foreach (WorkloadSpec workload in workloads.Values.Where(workload => !workload.Global))
        {
            Assert.All(Enumerable.Range(1, workload.Replicas).Select(i => new ReplicaId(workload.Id, i)), id =>
                Assert.True(all.Contains(id) || after.Pending.ContainsKey(id), $"{id} is neither placed nor pending"));
        }

        return after;
    }

    private static ChangeSet Reconcile(ClusterSnapshot cluster) => Reconciler.Reconcile(cluster, ReconcileRules.Default, Pis.Now);
}
