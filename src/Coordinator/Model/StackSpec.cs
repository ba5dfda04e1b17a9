using System.Collections.Immutable;

namespace RpiAgent.Coordinator.Model;

/// <summary>A deployed Compose file: its workloads, the overlay networks and volumes they name. Stored under <c>rpi/stacks/NAME</c>.</summary>
internal sealed record StackSpec
{
    public int Schema { get; init; } = 1;
    public required string Name { get; init; }
    public required ImmutableArray<WorkloadSpec> Workloads { get; init; }
    public ImmutableArray<StackNetwork> Networks { get; init; } = [];
    public ImmutableArray<StackVolume> Volumes { get; init; } = [];
    public DateTimeOffset UpdatedAt { get; init; }
}

/// <summary><paramref name="Name"/> is the cluster name; external networks are used, never made or removed.</summary>
internal sealed record StackNetwork(string Name, bool External, bool Internal, bool Encrypted);

/// <summary><paramref name="Name"/> is the cluster name.</summary>
internal sealed record StackVolume(string Name, bool External);
