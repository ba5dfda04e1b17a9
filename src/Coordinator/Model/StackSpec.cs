using System.Collections.Immutable;

namespace RpiAgent.Coordinator.Model;

/// <summary>A deployed Compose file: its workloads, the overlay networks and volumes they name. Stored under <c>rpi/stacks/NAME</c>.</summary>
internal sealed record StackSpec
{
    public int Schema { get; set; } = 1;
    public required string Name { get; set; }
    public required ImmutableArray<WorkloadSpec> Workloads { get; set; }
    public ImmutableArray<StackNetwork> Networks { get; set; } = [];
    public ImmutableArray<StackVolume> Volumes { get; set; } = [];
    public DateTimeOffset UpdatedAt { get; set; }
}

/// <summary><paramref name="Name"/> is the cluster name; external networks are used, never made or removed.</summary>
internal sealed record StackNetwork(string Name, bool External, bool Internal, bool Encrypted);

/// <summary><paramref name="Name"/> is the cluster name.</summary>
internal sealed record StackVolume(string Name, bool External);
