using System.Collections.Immutable;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Model;

/// <summary>What one service of a stack wants: the container and where it may run. Made by the Compose reader, stored in Consul as JSON.</summary>
internal sealed record WorkloadSpec
{
    public required WorkloadId Id { get; init; }
    public required string Stack { get; init; }
    public required string Service { get; init; }
    public required ContainerTemplate Container { get; init; }

    /// <summary>Wanted copies; ignored when <see cref="Global"/> (one on every node that fits).</summary>
    public int Replicas { get; init; } = 1;
    public bool Global { get; init; }
    public ImmutableArray<WorkloadDependency> DependsOn { get; init; } = [];
    public PlacementRules Placement { get; init; } = new();

    /// <summary>Reserved for placement: bytes and thousandths of a CPU.</summary>
    public long ReservedMemoryBytes { get; init; }
    public long ReservedMilliCpus { get; init; }
}

/// <summary>Start <paramref name="Workload"/> first; <paramref name="Condition"/> is service_started, service_healthy or service_completed_successfully.</summary>
internal sealed record WorkloadDependency(WorkloadId Workload, string Condition);

/// <summary>Where replicas may run. Expressions are kept as written; the scheduler parses them.</summary>
internal sealed record PlacementRules
{
    /// <summary>Classic grammar: <c>zone==a</c>, <c>node!=pi1</c>, soft with <c>~</c>; Compose's <c>node.labels.zone == a</c> is translated by the reader.</summary>
    public ImmutableArray<string> Constraints { get; init; } = [];
    public ImmutableArray<string> Affinities { get; init; } = [];

    /// <summary>Labels over whose values replicas are spread, in order (Compose <c>preferences: [{spread: node.labels.zone}]</c>).</summary>
    public ImmutableArray<string> SpreadOver { get; init; } = [];
    public int? MaxReplicasPerNode { get; init; }
    /// <summary>Overrides the cluster's strategy: spread, binpack, random; null = the cluster's.</summary>
    public string? Strategy { get; init; }
}

/// <summary>The container of each replica. Names of volumes and networks are cluster names already (<c>stack_name</c>).</summary>
internal sealed record ContainerTemplate
{
    public required string Image { get; init; }
    public ImmutableArray<string>? Entrypoint { get; init; }
    public ImmutableArray<string>? Command { get; init; }
    public ImmutableArray<string> Environment { get; init; } = [];
    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    public ImmutableArray<MountSpec> Mounts { get; init; } = [];
    public ImmutableArray<NetworkUse> Networks { get; init; } = [];
    public ImmutableArray<PublishedPort> Ports { get; init; } = [];
    public ImmutableArray<string> Expose { get; init; } = [];
    /// <summary>no, on-failure, always, unless-stopped.</summary>
    public string RestartCondition { get; init; } = "unless-stopped";
    public int RestartMaxAttempts { get; init; }
    public HealthProbe? Health { get; init; }
    public long MemoryLimitBytes { get; init; }
    public long NanoCpus { get; init; }
    public string? User { get; init; }
    public string? WorkingDir { get; init; }
    public string? HostName { get; init; }
    public TimeSpan? StopGrace { get; init; }
    public string? StopSignal { get; init; }
    public bool Init { get; init; }
    public bool ReadOnly { get; init; }
    public bool Tty { get; init; }
    public ImmutableArray<string> CapAdd { get; init; } = [];
    public ImmutableArray<string> CapDrop { get; init; } = [];
    public ImmutableArray<string> ExtraHosts { get; init; } = [];
    public ImmutableArray<string> Tmpfs { get; init; } = [];
    /// <summary>host, none, or null for <see cref="Networks"/>.</summary>
    public string? NetworkMode { get; init; }
}

/// <summary><paramref name="Type"/> is volume, bind or tmpfs.</summary>
internal sealed record MountSpec(string Type, string Source, string Target, bool ReadOnly);

internal sealed record NetworkUse(string Name, ImmutableArray<string> Aliases);

/// <summary><paramref name="HostPort"/> 0 = the engine chooses; <paramref name="Protocol"/> is tcp, udp or sctp.</summary>
internal sealed record PublishedPort(string HostIp, int HostPort, int ContainerPort, string Protocol);

/// <summary><paramref name="Test"/> begins with CMD, CMD-SHELL or NONE.</summary>
internal sealed record HealthProbe(ImmutableArray<string> Test, TimeSpan? Interval, TimeSpan? Timeout, TimeSpan? StartPeriod, int? Retries);
