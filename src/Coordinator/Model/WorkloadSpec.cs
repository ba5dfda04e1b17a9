using System.Collections.Immutable;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Model;

/// <summary>What one service of a stack wants: the container and where it may run. Made by the Compose reader, stored in Consul as JSON.</summary>
internal sealed record WorkloadSpec
{
    public required WorkloadId Id { get; set; }
    public required string Stack { get; set; }
    public required string Service { get; set; }
    public required ContainerTemplate Container { get; set; }

    /// <summary>Wanted copies; ignored when <see cref="Global"/> (one on every node that fits).</summary>
    public int Replicas { get; set; } = 1;
    public bool Global { get; set; }
    public ImmutableArray<WorkloadDependency> DependsOn { get; set; } = [];
    public PlacementRules Placement { get; set; } = new();

    /// <summary>Reserved for placement: bytes and thousandths of a CPU.</summary>
    public long ReservedMemoryBytes { get; set; }
    public long ReservedMilliCpus { get; set; }
}

/// <summary>Start <paramref name="Workload"/> first; <paramref name="Condition"/> is service_started, service_healthy or service_completed_successfully.</summary>
internal sealed record WorkloadDependency(WorkloadId Workload, string Condition);

/// <summary>Where replicas may run. Expressions are kept as written; the scheduler parses them.</summary>
internal sealed record PlacementRules
{
    /// <summary>Classic grammar: <c>zone==a</c>, <c>node!=pi1</c>, soft with <c>~</c>; Compose's <c>node.labels.zone == a</c> is translated by the reader.</summary>
    public ImmutableArray<string> Constraints { get; set; } = [];
    public ImmutableArray<string> Affinities { get; set; } = [];

    /// <summary>Labels over whose values replicas are spread, in order (Compose <c>preferences: [{spread: node.labels.zone}]</c>).</summary>
    public ImmutableArray<string> SpreadOver { get; set; } = [];
    public int? MaxReplicasPerNode { get; set; }
    /// <summary>Overrides the cluster's strategy: spread, binpack, random; null = the cluster's.</summary>
    public string? Strategy { get; set; }
    /// <summary>Overrides the cluster's filters (words of <see cref="PlacementWords.Filters"/>, in order); null = the cluster's.</summary>
    public ImmutableArray<string>? Filters { get; set; }
}

/// <summary>The container of each replica. Names of volumes and networks are cluster names already (<c>stack_name</c>).</summary>
internal sealed record ContainerTemplate
{
    public required string Image { get; set; }
    public ImmutableArray<string>? Entrypoint { get; set; }
    public ImmutableArray<string>? Command { get; set; }
    public ImmutableArray<string> Environment { get; set; } = [];
    public ImmutableSortedDictionary<string, string> Labels { get; set; } = ImmutableSortedDictionary<string, string>.Empty;
    public ImmutableArray<MountSpec> Mounts { get; set; } = [];
    public ImmutableArray<NetworkUse> Networks { get; set; } = [];
    public ImmutableArray<PublishedPort> Ports { get; set; } = [];
    public ImmutableArray<string> Expose { get; set; } = [];
    /// <summary>no, on-failure, always, unless-stopped.</summary>
    public string RestartCondition { get; set; } = "unless-stopped";
    public int RestartMaxAttempts { get; set; }
    public HealthProbe? Health { get; set; }
    public long MemoryLimitBytes { get; set; }
    public long NanoCpus { get; set; }
    public string? User { get; set; }
    public string? WorkingDir { get; set; }
    public string? HostName { get; set; }
    public TimeSpan? StopGrace { get; set; }
    public string? StopSignal { get; set; }
    public bool Init { get; set; }
    public bool ReadOnly { get; set; }
    public bool Tty { get; set; }
    public ImmutableArray<string> CapAdd { get; set; } = [];
    public ImmutableArray<string> CapDrop { get; set; } = [];
    public ImmutableArray<string> ExtraHosts { get; set; } = [];
    public ImmutableArray<string> Tmpfs { get; set; } = [];
    /// <summary>host, none, or null for <see cref="Networks"/>.</summary>
    public string? NetworkMode { get; set; }
}

/// <summary><paramref name="Type"/> is volume, bind or tmpfs.</summary>
internal sealed record MountSpec(string Type, string Source, string Target, bool ReadOnly);

internal sealed record NetworkUse(string Name, ImmutableArray<string> Aliases);

/// <summary><paramref name="HostPort"/> 0 = the engine chooses; <paramref name="Protocol"/> is tcp, udp or sctp.</summary>
internal sealed record PublishedPort(string HostIp, int HostPort, int ContainerPort, string Protocol);

/// <summary><paramref name="Test"/> begins with CMD, CMD-SHELL or NONE.</summary>
internal sealed record HealthProbe(ImmutableArray<string> Test, TimeSpan? Interval, TimeSpan? Timeout, TimeSpan? StartPeriod, int? Retries);
