using System.Collections.Immutable;

namespace RpiAgent.Coordinator.Scheduling;

/// <summary>A node as the scheduler sees it. Memory in bytes, cores in thousandths.</summary>
internal sealed record PlacementNode
{
    /// <summary>The node's own id; in the classic cases the engine id.</summary>
    public required string Id { get; init; }
    public required string Name { get; init; }
    /// <summary>host:port of the engine; classic's node id is <c>ID|ADDRESS</c>. Empty in a running cluster.</summary>
    public string Address { get; init; } = "";
    public ImmutableDictionary<string, string> Labels { get; init; } = ImmutableDictionary<string, string>.Empty;
    public long MilliCpus { get; init; }
    public long MemoryBytes { get; init; }
    /// <summary>0 (down) to 100; 100 − failures·100/3 in between.</summary>
    public int Health { get; init; } = 100;
    /// <summary>Not validated yet: no candidate, and its containers hold no names.</summary>
    public bool Pending { get; init; }
    /// <summary>Why nothing new goes here (drained, engine too old); null when open.</summary>
    public string? Closed { get; init; }
    public string StorageDriver { get; init; } = "";
    public string KernelVersion { get; init; } = "";
    public string OperatingSystem { get; init; } = "";
    public string OsType { get; init; } = "";
    /// <summary>Of the engine, not of the kernel: a 32-bit system may run a 64-bit kernel.</summary>
    public string Architecture { get; init; } = "";
    /// <summary>Platforms it runs beside its own, e.g. linux/arm/v7 on a 64-bit engine with 4 KiB pages.</summary>
    public ImmutableArray<string> AlsoRuns { get; init; } = [];
    /// <summary>The kernel runs without the memory cgroup, as Raspberry Pi OS does until it is told otherwise: limits would have no effect.</summary>
    public bool WithoutMemoryLimits { get; init; }
    public ImmutableArray<PlacementImage> Images { get; init; } = [];
    public ImmutableArray<PlacementNetwork> Networks { get; init; } = [];
    public ImmutableArray<PlacedContainer> Containers { get; init; } = [];
}

/// <summary>A container that is on a node, or on its way there (<see cref="InFlight"/>).</summary>
internal sealed record PlacedContainer
{
    public string Id { get; init; } = "";
    /// <summary>First name is the main one.</summary>
    public ImmutableArray<string> Names { get; init; } = [];
    /// <summary>Stays the same when the container moves.</summary>
    public string ClusterId { get; init; } = "";
    public ImmutableDictionary<string, string> Labels { get; init; } = ImmutableDictionary<string, string>.Empty;
    /// <summary>The workload it is a replica of; counted for max_replicas_per_node and preferences.</summary>
    public string Group { get; init; } = "";
    public long MilliCpus { get; init; }
    public long MemoryBytes { get; init; }
    /// <summary>As asked for; held until the container is removed.</summary>
    public ImmutableArray<PortBinding> Ports { get; init; } = [];
    /// <summary>As handed out by the engine; held while running.</summary>
    public ImmutableArray<PortBinding> ActualPorts { get; init; } = [];
    /// <summary>Ports the container listens on; they are the host's under host networking.</summary>
    public ImmutableArray<PortBinding> Expose { get; init; } = [];
    public bool HostNetwork { get; init; }
    /// <summary>Exited containers hold neither memory nor cores.</summary>
    public bool Exited { get; init; }
    public bool InFlight { get; init; }
}

internal sealed record PlacementImage(string Id, ImmutableArray<string> Tags);

/// <summary><paramref name="Local"/>: exists on this node only (a bridge), as opposed to an overlay.</summary>
internal sealed record PlacementNetwork(string Id, string Name, bool Local);
