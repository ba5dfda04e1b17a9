using System.Collections.Immutable;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Containers;

internal enum ContainerState
{
    Created,
    Running,
    Paused,
    Restarting,
    Removing,
    Exited,
    Dead,
}

/// <summary>A container as the engine shows it.</summary>
internal sealed record ObservedContainer
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    /// <summary>Null: not ours, never touched.</summary>
    public required ReplicaId? Replica { get; init; }

    public required ContainerState State { get; init; }

    public string SpecHash { get; init; } = "";

    public string ImageId { get; init; } = "";

    /// <summary>"", starting, healthy, unhealthy.</summary>
    public string Health { get; init; } = "";

    public int ExitCode { get; init; }

    /// <summary>The engine's own words on the last failure, or empty.</summary>
    public string Error { get; init; } = "";

    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>Times the engine has restarted it.</summary>
    public int Restarts { get; init; }

    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(10);

    public ImmutableArray<PublishedPort> Ports { get; init; } = [];

    /// <summary>Named volumes it uses.</summary>
    public ImmutableArray<string> Volumes { get; init; } = [];

    /// <summary>Names of the networks it is connected to, or will be at its start.</summary>
    public ImmutableArray<string> Networks { get; init; } = [];
}

/// <summary>All that a plan is made from, at one moment.</summary>
internal sealed record NodeView
{
    public ImmutableArray<ObservedContainer> Containers { get; init; } = [];

    /// <summary>Image ids and references here, each to its id.</summary>
    public ImmutableDictionary<string, string> Images { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>What failed before, and when it may be tried again.</summary>
    public ImmutableDictionary<ReplicaId, Attempt> Attempts { get; init; } = ImmutableDictionary<ReplicaId, Attempt>.Empty;

    /// <summary>Steps still running: their replicas are left alone.</summary>
    public ImmutableDictionary<ReplicaId, ContainerStep> Running { get; init; } = ImmutableDictionary<ReplicaId, ContainerStep>.Empty;
}
