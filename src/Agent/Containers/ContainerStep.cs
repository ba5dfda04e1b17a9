using System.Collections.Immutable;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Containers;

/// <summary>Something to be done for one replica. Needs no further choice.</summary>
internal abstract record ContainerStep(ReplicaId Replica);

/// <summary>Stop with its grace, then remove; volumes stay.</summary>
internal sealed record RemoveContainer(ReplicaId Replica, ObservedContainer Container, string Reason) : ContainerStep(Replica);

/// <summary>Bring the image here, from a peer or a registry.</summary>
internal sealed record FetchImage(ReplicaId Replica, string Image, string ImageId, ImmutableArray<ImageSource> Sources) : ContainerStep(Replica);

/// <summary>Create, connect and start. <paramref name="Image"/> is what to ask the engine for: a reference that means the right id here, or the id.</summary>
internal sealed record CreateContainer(DesiredReplica Desired, string Image) : ContainerStep(Desired.Id);

internal sealed record StartContainer(ReplicaId Replica, ObservedContainer Container) : ContainerStep(Replica);

/// <summary>What to do now, why the rest waits, and when waiting ends by itself.</summary>
internal sealed record ContainerPlan(
    ImmutableArray<ContainerStep> Steps, ImmutableDictionary<ReplicaId, string> Waiting, DateTimeOffset? LookAgain);
