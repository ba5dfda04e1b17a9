using System.Collections.Immutable;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Model;

/// <summary>Everything the leader knows, at one instant; replaced as a whole, never changed. Planners read only this.</summary>
internal sealed record ClusterSnapshot
{
    public static ClusterSnapshot Empty { get; } = new();

    /// <summary>Counts up by one at each change.</summary>
    public ulong Revision { get; init; }
    public ImmutableSortedDictionary<NodeId, NodeView> Nodes { get; init; } = ImmutableSortedDictionary<NodeId, NodeView>.Empty;
    public ImmutableSortedDictionary<string, StackSpec> Stacks { get; init; } = ImmutableSortedDictionary<string, StackSpec>.Empty;
    /// <summary>As stored in Consul: what each node was last told to run.</summary>
    public ImmutableSortedDictionary<NodeId, NodeAssignment> Assignments { get; init; } = ImmutableSortedDictionary<NodeId, NodeAssignment>.Empty;
    /// <summary>Home of each named volume that has been given one, by cluster name.</summary>
    public ImmutableSortedDictionary<string, VolumeRecord> Volumes { get; init; } = ImmutableSortedDictionary<string, VolumeRecord>.Empty;
    public SwarmRecord Swarm { get; init; } = new();
}

/// <summary>A node: its record, whether it is in the catalog, and the last status it sent.</summary>
/// <param name="Registered">Passing in Consul's catalog.</param>
/// <param name="Endpoint">host:port of its gRPC server, from the catalog; null when not registered.</param>
/// <param name="Connected">A status stream is open now.</param>
/// <param name="Down">Called dead after checks (see membership rules), so its free replicas may move.</param>
internal sealed record NodeView(
    NodeRecord Record, bool Registered, string? Endpoint, bool Connected, bool Down,
    DateTimeOffset LastSeen, NodeStatusView? Status, NodeDescriptionView? Description)
{
    public NodeId Id => Record.Id;
    public string Name => Record.Name;
    /// <summary>Takes orders: connected, with an engine that answers.</summary>
    public bool Ready => Connected && !Down && Status is { EngineUp: true };
}

/// <summary>A NodeStatus of the wire in our own types.</summary>
internal sealed record NodeStatusView
{
    public AssignmentVersion? Held { get; init; }
    public ImmutableArray<ContainerView> Containers { get; init; } = [];
    public ImmutableArray<ImageView> Images { get; init; } = [];
    public SwarmView Swarm { get; init; } = new();
    public bool EngineUp { get; init; }
    public string EngineError { get; init; } = "";
    public ImmutableArray<string> Warnings { get; init; } = [];
    public long MemoryAvailableBytes { get; init; }
    public double Load1 { get; init; }
    public string Address { get; init; } = "";
}

/// <summary>Static facts, read once for each connection.</summary>
internal sealed record NodeDescriptionView(
    string AgentVersion, string EngineVersion, string EngineArchitecture, string EngineOs, int Cpus, long MemoryBytes,
    bool MemoryLimit, string StorageDriver, string KernelVersion, string OperatingSystem, ImmutableSortedDictionary<string, string> EngineLabels);

/// <summary><paramref name="Foreign"/>: not ours, only counted; <paramref name="Replica"/> is null then.</summary>
internal sealed record ContainerView(
    ReplicaId? Replica, string ContainerId, string ImageId, string SpecHash, string State, string Health, string Message,
    int ExitCode, DateTimeOffset? StartedAt, int Restarts, bool Foreign, string Name, ImmutableArray<PublishedPort> Ports);

internal sealed record ImageView(string Id, ImmutableArray<string> Tags, long SizeBytes, string Architecture);

internal sealed record SwarmView
{
    public string State { get; init; } = "inactive";
    public string SwarmNodeId { get; init; } = "";
    public string ClusterId { get; init; } = "";
    public bool Manager { get; init; }
    public bool Leader { get; init; }
    public string Address { get; init; } = "";
    public string Error { get; init; } = "";
    public ImmutableArray<SwarmPeerView> Peers { get; init; } = [];
    public ImmutableArray<SwarmNetworkView> Networks { get; init; } = [];
}

internal sealed record SwarmPeerView(
    string SwarmNodeId, string HostName, string Address, bool Manager, string State, bool Leader, string Reachability, string Availability);

internal sealed record SwarmNetworkView(string Id, string Name, ImmutableSortedDictionary<string, string> Labels);

/// <summary>The stored assignment of one node, under <c>rpi/assignments/NODE</c>.</summary>
internal sealed record NodeAssignment
{
    public int Schema { get; init; } = 1;
    public required NodeId Node { get; init; }
    public required AssignmentVersion Version { get; init; }
    public ImmutableArray<AssignedReplica> Replicas { get; init; } = [];
}

/// <param name="SpecHash">sha256 hex of the workload's container template.</param>
/// <param name="Explanation">Why this node, in one line.</param>
internal sealed record AssignedReplica(ReplicaId Id, string Stack, ContainerTemplate Container, string SpecHash, string Explanation)
{
    public ImmutableArray<ImageHolder> ImageSources { get; init; } = [];
    public ImmutableArray<WorkloadId> StartsAfter { get; init; } = [];
    public string ImageId { get; init; } = "";
}

/// <summary>A peer that holds an image; <paramref name="Address"/> is host:port of its agent.</summary>
internal sealed record ImageHolder(NodeId Node, string Address);

/// <summary>A named volume lives on one node; workloads that use it go there or wait.</summary>
internal sealed record VolumeRecord
{
    public int Schema { get; init; } = 1;
    public required string Name { get; init; }
    public required NodeId Home { get; init; }
    public string Stack { get; init; } = "";
}

/// <summary>The Swarm as decided: which cluster, who was first. Stored under <c>rpi/swarm</c>.</summary>
internal sealed record SwarmRecord
{
    public int Schema { get; init; } = 1;
    /// <summary>Docker's swarm cluster id; empty until one is formed.</summary>
    public string ClusterId { get; init; } = "";
    public NodeId? FirstManager { get; init; }
}
