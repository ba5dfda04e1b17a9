using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Tests.Unit.Admin;

/// <summary>Small clusters to look at.</summary>
internal static class Made
{
    public static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    public static NodeView Node(string name, bool connected = true, bool down = false, NodeStatusView? status = null, string? id = null) => new(
        new NodeRecord
        {
            Id = new NodeId(id ?? $"id-of-{name}"),
            Name = name,
            Address = $"192.168.1.10{name[^1]}/24",
            Hardware = new HardwareFacts { Model = "Raspberry Pi 4", MemoryBytes = 4L << 30 },
            EnrolledAt = Now.AddDays(-1),
        },
        Registered: true, Endpoint: null, connected, down, Now.AddSeconds(-3), status ?? new NodeStatusView { EngineUp = true }, Description: null);

    public static WorkloadSpec Workload(string stack, string service, int replicas = 1) => new()
    {
        Id = WorkloadId.Of(stack, service),
        Stack = stack,
        Service = service,
        Replicas = replicas,
        Container = new ContainerTemplate { Image = "caddy:2", Ports = [new PublishedPort("", 80, 8080, "tcp")] },
    };

    public static StackSpec Stack(string name, params WorkloadSpec[] workloads) => new() { Name = name, Workloads = [.. workloads], UpdatedAt = Now };

    public static AssignedReplica Assigned(WorkloadSpec workload, int index = 1) =>
        new(new ReplicaId(workload.Id, index), workload.Stack, workload.Container, "hash", "fewest containers");

    public static ContainerView Running(WorkloadSpec workload, int index = 1, string state = "running") => new(
        new ReplicaId(workload.Id, index), "abc", "sha256:1", "hash", state, "healthy", "", 0, Now, 0, false, $"{workload.Id}.{index}", []);

    public static ClusterSnapshot Cluster(IEnumerable<NodeView> nodes, IEnumerable<StackSpec> stacks, params (string Node, AssignedReplica Replica)[] assigned) => new()
    {
        Nodes = nodes.ToImmutableSortedDictionary(node => node.Id, node => node),
        Stacks = stacks.ToImmutableSortedDictionary(stack => stack.Name, stack => stack),
        Assignments = assigned.GroupBy(one => new NodeId($"id-of-{one.Node}")).ToImmutableSortedDictionary(group => group.Key, group => new NodeAssignment
        {
            Node = group.Key,
            Version = new AssignmentVersion(7, 3),
            Replicas = [.. group.Select(one => one.Replica)],
        }),
    };
}
