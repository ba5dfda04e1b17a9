using System.Collections.Immutable;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Containers;

/// <summary>The complete set of replicas a leader wants on this node. What is absent is to be stopped.</summary>
/// <param name="Encoded">As it came on the wire; kept so that the ledger holds exactly what was accepted.</param>
internal sealed record Assignment(NodeId Node, AssignmentVersion Version, ImmutableArray<DesiredReplica> Replicas, ReadOnlyMemory<byte> Encoded);

/// <summary>One container that shall exist here.</summary>
/// <param name="SpecHash">Stands for the whole of <paramref name="Container"/>: another hash means another container.</param>
/// <param name="ImageSources">Peers that hold the image: hints, not part of what is wanted.</param>
/// <param name="StartsAfter">Workloads that must run first if they are on this node.</param>
internal sealed record DesiredReplica(
    ReplicaId Id,
    string Stack,
    ContainerSpec Container,
    string SpecHash,
    ImmutableArray<ImageSource> ImageSources,
    ImmutableArray<WorkloadId> StartsAfter)
{
    /// <summary>The container's name at the engine.</summary>
    public string Name => Container.Name.Length > 0 ? Container.Name : Id.ToString();
}

/// <summary><paramref name="Address"/> is host:port of the peer's agent.</summary>
internal sealed record ImageSource(NodeId Node, string Address);

internal sealed record ContainerSpec
{
    public string Name { get; init; } = "";

    public required string Image { get; init; }

    /// <summary>sha256:…, or empty: whatever the reference means here.</summary>
    public string ImageId { get; init; } = "";

    /// <summary>Null = the image's own.</summary>
    public ImmutableArray<string>? Entrypoint { get; init; }

    /// <summary>Null = the image's own.</summary>
    public ImmutableArray<string>? Command { get; init; }

    public ImmutableArray<string> Environment { get; init; } = [];

    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    public ImmutableArray<MountSpec> Mounts { get; init; } = [];

    public ImmutableArray<NetworkUse> Networks { get; init; } = [];

    public ImmutableArray<PublishedPort> Ports { get; init; } = [];

    public RestartRule Restart { get; init; } = RestartRule.UnlessStopped;

    /// <summary>Null = the image's own.</summary>
    public HealthProbe? Health { get; init; }

    /// <summary>Bytes; 0 = no limit.</summary>
    public long MemoryBytes { get; init; }

    public long MemoryReservationBytes { get; init; }

    /// <summary>Billionths of a CPU; 0 = no limit.</summary>
    public long NanoCpus { get; init; }

    public string User { get; init; } = "";

    public string WorkingDir { get; init; } = "";

    public string HostName { get; init; } = "";

    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(10);

    public string StopSignal { get; init; } = "";

    public bool Init { get; init; }

    public bool ReadOnly { get; init; }

    public bool Tty { get; init; }

    public ImmutableArray<string> CapAdd { get; init; } = [];

    public ImmutableArray<string> CapDrop { get; init; } = [];

    public ImmutableArray<string> ExtraHosts { get; init; } = [];

    public ImmutableArray<string> Expose { get; init; } = [];

    public ImmutableArray<string> Tmpfs { get; init; } = [];

    /// <summary>"host", "none", or empty for <see cref="Networks"/>.</summary>
    public string NetworkMode { get; init; } = "";
}

/// <summary><paramref name="Type"/> is volume, bind or tmpfs.</summary>
internal sealed record MountSpec(string Type, string Source, string Target, bool ReadOnly);

internal sealed record NetworkUse(string Name, ImmutableArray<string> Aliases);

/// <summary><paramref name="HostPort"/> 0 = the engine chooses.</summary>
internal sealed record PublishedPort(string HostIp, int HostPort, int ContainerPort, string Protocol);

/// <summary><paramref name="Test"/> begins with CMD, CMD-SHELL or NONE. Null = the engine's default.</summary>
internal sealed record HealthProbe(ImmutableArray<string> Test, TimeSpan? Interval, TimeSpan? Timeout, TimeSpan? StartPeriod, int? Retries);

internal enum RestartCondition
{
    No,
    OnFailure,
    Always,
    UnlessStopped,
}

/// <summary><paramref name="MaxAttempts"/> 0 = no limit; only with <see cref="RestartCondition.OnFailure"/>.</summary>
internal readonly record struct RestartRule(RestartCondition Condition, int MaxAttempts)
{
    public static RestartRule UnlessStopped { get; } = new(RestartCondition.UnlessStopped, 0);
}
