using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Tests.Unit.Cluster;

/// <summary>Clusters for planners.</summary>
internal static class Pis
{
    public static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    public static NodeId Id(int number) => new($"n{number:00}");

    /// <summary>Ready, in the swarm as a worker, with nothing on it.</summary>
    public static NodeView Node(int number, SwarmView? swarm = null) => new(
        new NodeRecord
        {
            Id = Id(number),
            Name = $"pi{number}",
            Address = $"192.168.1.{100 + number}/24",
            Hardware = new HardwareFacts { Cores = 4, MemoryBytes = 1L << 30 },
            EnrolledAt = Now.AddHours(-1),
        },
        Registered: true, Endpoint: $"192.168.1.{100 + number}:7443", Connected: true, Down: false, LastSeen: Now,
        new NodeStatusView { EngineUp = true, Address = $"192.168.1.{100 + number}", Swarm = swarm ?? new SwarmView { State = "active", SwarmNodeId = $"s{number}" } },
        new NodeDescriptionView("1", "20.10", "x86_64", "linux", 4, 1L << 30, true, "overlay2", "6", "Debian", ImmutableSortedDictionary<string, string>.Empty)
        {
            StartedAt = Now.AddHours(-1),
            Interface = "eth0",
        });

    public static NodeView Dead(this NodeView node) => node with { Connected = false, Registered = false, Down = true };

    /// <summary>Not heard of, but not called dead.</summary>
    public static NodeView Silent(this NodeView node) => node with { Connected = false };

    public static NodeView Drained(this NodeView node) => node with { Record = node.Record with { Drained = true } };

    public static NodeView Label(this NodeView node, string key, string value) =>
        node with { Record = node.Record with { Labels = node.Record.Labels.SetItem(key, value) } };

    public static NodeView Runs(this NodeView node, params ContainerView[] containers) =>
        node with { Status = node.Status! with { Containers = node.Status.Containers.AddRange(containers) } };

    public static ContainerView Container(string workload, int index, string state = "running", string health = "") =>
        new(new ReplicaId(new WorkloadId(workload), index), "c", "i", "h", state, health, "", 0, Now, 0, false, workload, []);

    public static NodeView Networks(this NodeView node, params string[] names) => node with
    {
        Status = node.Status! with
        {
            Swarm = node.Status.Swarm with
            {
                Networks = [.. names.Select(name => new SwarmNetworkView(name, name, ImmutableSortedDictionary<string, string>.Empty.Add(ContainerLabels.Stack, name.Split('_')[0])))],
            },
        },
    };

    public static ClusterSnapshot Of(params NodeView[] nodes) => ClusterSnapshot.Empty with
    {
        Nodes = nodes.ToImmutableSortedDictionary(node => node.Id, node => node),
        Leader = new LeaderView(1, "c:1", true, Now.AddMinutes(-10)),
    };

    public static ClusterSnapshot With(this ClusterSnapshot cluster, params NodeView[] nodes) =>
        cluster with { Nodes = cluster.Nodes.SetItems(nodes.Select(node => KeyValuePair.Create(node.Id, node))) };

    public static ClusterSnapshot With(this ClusterSnapshot cluster, StackSpec stack) => cluster with { Stacks = cluster.Stacks.SetItem(stack.Name, stack) };

    public static StackSpec Stack(string name, params WorkloadSpec[] workloads) => new() { Name = name, Workloads = [.. workloads] };

    public static WorkloadSpec Workload(string stack, string service, int replicas = 1, string image = "web:1", params string[] volumes) => new()
    {
        Id = WorkloadId.Of(stack, service),
        Stack = stack,
        Service = service,
        Replicas = replicas,
        Container = new ContainerTemplate { Image = image, Mounts = [.. volumes.Select(volume => new MountSpec("volume", volume, "/data", false))] },
    };
}
