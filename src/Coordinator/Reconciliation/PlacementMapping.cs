using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Coordinator.Scheduling;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Reconciliation;

/// <summary>The snapshot and the workloads in the scheduler's terms.</summary>
internal static class PlacementMapping
{
    /// <summary>The nodes with the containers that are not ours; ours are added as they are decided.</summary>
    public static PlacementCluster ClusterOf(ClusterSnapshot cluster, IReadOnlyDictionary<string, string> volumeHomes) =>
        PlacementCluster.Create(cluster.Nodes.Values.Select(NodeOf), volumeHomes);

    public static PlacementRequest RequestOf(WorkloadSpec workload, ImageIndex images) => new()
    {
        Image = ImageReference.Normalize(workload.Container.Image),
        Constraints = workload.Placement.Constraints,
        Affinities = workload.Placement.Affinities,
        SpreadOver = workload.Placement.SpreadOver,
        MaxReplicasPerNode = workload.Global ? 1 : workload.Placement.MaxReplicasPerNode,
        MilliCpus = workload.ReservedMilliCpus,
        MemoryBytes = workload.ReservedMemoryBytes,
        Ports = Ports(workload.Container),
        Expose = Exposed(workload.Container),
        Network = workload.Container.NetworkMode ?? "",
        Volumes = HomedVolumes(workload),
        Group = workload.Id.Value,
        Platforms = images.Platforms(workload.Container.Image),
        LimitsMemory = workload.Container.MemoryLimitBytes > 0,
    };

    /// <summary>The cluster's policy, with what the workload's stack chose instead.</summary>
    public static PlacementPolicy PolicyOf(WorkloadSpec workload, PlacementPolicy cluster)
    {
        PlacementRules rules = workload.Placement;
        PlacementPolicy policy = rules.Strategy is string own && PlacementPolicy.TryParseStrategy(own, out Strategy strategy) ? cluster with { Strategy = strategy } : cluster;
        return rules.Filters is { } filters ? policy with { Filters = Filters(filters) } : policy;
    }

    /// <exception cref="ArgumentException">A word is no filter.</exception>
    public static ImmutableArray<FilterKind> Filters(IEnumerable<string> words) =>
        [.. words.Select(word => PlacementPolicy.TryParseFilter(word, out FilterKind kind) ? kind : throw new ArgumentException($"'{word}' is no filter", nameof(words)))];

    public static PlacedContainer ContainerOf(ReplicaId replica, WorkloadSpec workload) => new()
    {
        Id = replica.ToString(),
        Names = [replica.ToString()],
        ClusterId = replica.ToString(),
        Labels = workload.Container.Labels.ToImmutableDictionary(),
        Group = workload.Id.Value,
        MilliCpus = workload.ReservedMilliCpus,
        MemoryBytes = workload.ReservedMemoryBytes,
        Ports = Ports(workload.Container),
        Expose = Exposed(workload.Container),
        HostNetwork = workload.Container.NetworkMode == "host",
    };

    /// <summary>Named volumes that live in one place. A global workload has its own on every node.</summary>
    public static ImmutableArray<string> HomedVolumes(WorkloadSpec workload) => workload.Global
        ? []
        : [.. workload.Container.Mounts.Where(mount => mount.Type == "volume" && mount.Source.Length > 0).Select(mount => mount.Source).Distinct(StringComparer.Ordinal)];

    /// <summary>Why nothing new goes to a node; null when it is open.</summary>
    public static string? Closed(NodeView node) => node switch
    {
        { Down: true } => "is down",
        { Record.Drained: true } => "is drained",
        { Connected: false } => "is not connected",
        { Status.EngineUp: false } => $"its engine does not answer ({node.Status.EngineError})",
        { Status: null } => "has not told its state yet",
        { Status.Swarm.State: not "active" } => "is not in the swarm yet",
        _ => null,
    };

    private static PlacementNode NodeOf(NodeView node) => new()
    {
        Id = node.Id.Value,
        Name = node.Name,
        Labels = (node.Description?.EngineLabels ?? ImmutableSortedDictionary<string, string>.Empty).ToImmutableDictionary().SetItems(node.Record.Labels)
            .SetItem("role", node.Status is { Swarm.Manager: true } ? "manager" : "worker"),
        MilliCpus = 1000L * (node.Description is { Cpus: > 0 } known ? known.Cpus : node.Record.Hardware.Cores),
        MemoryBytes = node.Description is { MemoryBytes: > 0 } described ? described.MemoryBytes : node.Record.Hardware.MemoryBytes,
        Closed = Closed(node),
        StorageDriver = node.Description?.StorageDriver ?? "",
        KernelVersion = node.Description?.KernelVersion ?? "",
        OperatingSystem = node.Description?.OperatingSystem ?? "",
        OsType = node.Description?.EngineOs ?? "",
        Architecture = node.Description?.EngineArchitecture ?? "",
        WithoutMemoryLimits = node.Description is { MemoryLimit: false },
        Images = [.. (node.Status?.Images ?? []).Select(image => new PlacementImage(image.Id, image.Tags))],
        Containers = [.. (node.Status?.Containers ?? []).Where(container => container.Foreign).Select(Foreign)],
    };

    private static PlacedContainer Foreign(ContainerView container) => new()
    {
        Id = container.ContainerId,
        Names = [container.Name],
        Ports = [.. container.Ports.Select(Binding)],
        Exited = container.State is "exited" or "created" or "dead",
    };

    private static ImmutableArray<PortBinding> Ports(ContainerTemplate container) => [.. container.Ports.Select(Binding)];

    private static PortBinding Binding(PublishedPort port) => PortBinding.Published(port.HostIp, port.HostPort, port.ContainerPort, port.Protocol);

    private static ImmutableArray<PortBinding> Exposed(ContainerTemplate container) =>
        [.. container.Expose.Select(text => PortBinding.Parse(text, out _)).OfType<PortBinding>()];
}
