using System.Collections.Immutable;

namespace RpiAgent.Coordinator.Scheduling;

/// <summary>A container that wants a node. Expressions are as written; see <see cref="Expression"/>.</summary>
internal sealed record PlacementRequest
{
    public string Image { get; init; } = "";
    /// <summary>Must be unused in the cluster when not empty.</summary>
    public string Name { get; init; } = "";
    public ImmutableArray<string> Constraints { get; init; } = [];
    public ImmutableArray<string> Affinities { get; init; } = [];
    public ImmutableArray<string> Whitelists { get; init; } = [];
    public long MilliCpus { get; init; }
    public long MemoryBytes { get; init; }
    public ImmutableArray<PortBinding> Ports { get; init; } = [];
    public ImmutableArray<PortBinding> Expose { get; init; } = [];
    /// <summary><c>CONTAINER[:mode]</c></summary>
    public ImmutableArray<string> VolumesFrom { get; init; } = [];
    /// <summary><c>CONTAINER[:alias]</c></summary>
    public ImmutableArray<string> Links { get; init; } = [];
    /// <summary>Network mode: host, none, bridge, <c>container:X</c> or a network's name; empty = default.</summary>
    public string Network { get; init; } = "";
    /// <summary><c>container:X</c> binds the request to X's node.</summary>
    public string Ipc { get; init; } = "";
    public string Pid { get; init; } = "";
    /// <summary>Cluster names of the volumes it mounts; those with a home bind it to that node.</summary>
    public ImmutableArray<string> Volumes { get; init; } = [];
    /// <summary>The workload it is a replica of.</summary>
    public string Group { get; init; } = "";
    /// <summary>Node labels over whose values the replicas of <see cref="Group"/> are spread, first one first.</summary>
    public ImmutableArray<string> SpreadOver { get; init; } = [];
    public int? MaxReplicasPerNode { get; init; }
    /// <summary>os/architecture pairs the image exists for; empty = not known, no check.</summary>
    public ImmutableArray<string> Platforms { get; init; } = [];
    /// <summary>It may use so much memory and no more: only an engine that can hold it to that will do.</summary>
    public bool LimitsMemory { get; init; }

    public bool ReservesNothing => MilliCpus <= 0 && MemoryBytes <= 0;
}
