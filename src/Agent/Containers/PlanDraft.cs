using System.Collections.Immutable;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Containers;

/// <summary>A plan in the making.</summary>
internal sealed class Draft(NodeView view, DateTimeOffset now)
{
    private readonly ImmutableArray<ContainerStep>.Builder _steps = ImmutableArray.CreateBuilder<ContainerStep>();
    private readonly ImmutableDictionary<ReplicaId, string>.Builder _waiting = ImmutableDictionary.CreateBuilder<ReplicaId, string>();
    private readonly List<ObservedContainer> _leaving = [.. view.Running.Values.OfType<RemoveContainer>().Select(step => step.Container)];
    private DateTimeOffset? _lookAgain;

    public ContainerPlan ToPlan() => new(_steps.ToImmutable(), _waiting.ToImmutable(), _lookAgain);

    public Attempt? AttemptOf(ReplicaId replica) => view.Attempts.GetValueOrDefault(replica);

    public void Add(ContainerStep step) => _steps.Add(step);

    public void Wait(ReplicaId replica, string reason) => _waiting[replica] = reason;

    public void Fetch(DesiredReplica replica) =>
        Add(new FetchImage(replica.Id, replica.Container.Image, replica.Container.ImageId, replica.ImageSources));

    public void Remove(ReplicaId replica, ObservedContainer container, string reason)
    {
        _leaving.Add(container);
        if (container.State != ContainerState.Removing && !view.Running.ContainsKey(replica) && MayTry(replica))
        {
            Add(new RemoveContainer(replica, container, reason));
        }
    }

    /// <summary>False while a step runs for the replica or the pause after a failure lasts.</summary>
    public bool MayTry(ReplicaId replica)
    {
        if (view.Running.ContainsKey(replica))
        {
            return false;
        }

        if (AttemptOf(replica) is not { } attempt || attempt.NextTry <= now)
        {
            return true;
        }

        Wait(replica, attempt.Reason);
        _lookAgain = _lookAgain is { } earlier && earlier < attempt.NextTry ? earlier : attempt.NextTry;
        return false;
    }

    /// <summary>What to call the replica's image at the engine, or null when it is not here.</summary>
    public string? ImageOf(DesiredReplica replica)
    {
        ContainerSpec spec = replica.Container;
        string? meant = view.Images.GetValueOrDefault(ImageNames.Normalise(spec.Image));
        if (spec.ImageId.Length == 0)
        {
            return meant is null ? null : spec.Image;
        }

        return meant == spec.ImageId ? spec.Image : view.Images.ContainsKey(spec.ImageId) ? spec.ImageId : null;
    }

    /// <summary>A container on its way out that holds a named volume or host port of the replica: two at once would hurt the data or fail.</summary>
    public string? Leaving(DesiredReplica replica)
    {
        ContainerSpec spec = replica.Container;
        return _leaving.FirstOrDefault(container =>
            container.Name == replica.Name
            || spec.Mounts.Any(mount => mount.Type == "volume" && container.Volumes.Contains(mount.Source))
            || spec.Ports.Any(port => port.HostPort != 0 && container.Ports.Any(held => held.HostPort == port.HostPort && held.Protocol == port.Protocol)))?.Name;
    }
}

/// <summary>References as the engine lists them.</summary>
internal static class ImageNames
{
    /// <summary>Adds the tag the engine assumes: "caddy" means "caddy:latest". Ids and digests stay.</summary>
    public static string Normalise(string reference)
    {
        if (reference.StartsWith("sha256:", StringComparison.Ordinal) || reference.Contains('@'))
        {
            return reference;
        }

        string shortened = reference.StartsWith("docker.io/library/", StringComparison.Ordinal) ? reference["docker.io/library/".Length..]
            : reference.StartsWith("docker.io/", StringComparison.Ordinal) ? reference["docker.io/".Length..]
            : reference;
        return shortened.LastIndexOf(':') > shortened.LastIndexOf('/') ? shortened : shortened + ":latest";
    }
}
