using System.Collections.Immutable;
using RpiAgent.Agent.Containers;
using RpiAgent.Protos;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Tests.Unit.Containers;

/// <summary>Small values for the tests of this folder.</summary>
internal static class Samples
{
    public static DateTimeOffset Now { get; } = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public static NodeView Empty { get; } = new() { Images = ImmutableDictionary<string, string>.Empty.Add("app:1", "sha256:app").Add("sha256:app", "sha256:app") };

    public static ReplicaId Id(string workload, int index = 1) => new(new WorkloadId(workload), index);

    public static DesiredReplica Replica(string workload, string hash = "h1", params string[] after) => new(
        Id(workload), "s", new ContainerSpec { Image = "app:1", ImageId = "sha256:app" }, hash, [], [.. after.Select(name => new WorkloadId(name))]);

    public static Assignment Assign(params DesiredReplica[] replicas) => new(new NodeId("n"), new AssignmentVersion(1, 1), [.. replicas], default);

    public static ObservedContainer Found(string workload, ContainerState state = ContainerState.Running, string hash = "h1") => new()
    {
        Id = $"id-{workload}-{hash}",
        Name = $"{workload}.1",
        Replica = Id(workload),
        State = state,
        SpecHash = hash,
        ImageId = "sha256:app",
        StartedAt = Now - TimeSpan.FromMinutes(1),
    };

    public static ObservedContainer Foreign(string name) => new() { Id = $"id-{name}", Name = name, Replica = null, State = ContainerState.Running };

    public static Wire.Assignment OnTheWire(ulong epoch, ulong generation, string hash = "h1") => new()
    {
        NodeId = "n",
        Version = new Wire.AssignmentVersion { Epoch = epoch, Generation = generation },
        Replicas = { new Wire.Replica { Workload = "s.web", Index = 1, Stack = "s", SpecHash = hash, Container = new Wire.ContainerSpec { Image = "app:1", Environment = { "SECRET=x" } } } },
    };
}
