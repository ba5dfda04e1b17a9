using System.Collections.Immutable;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Containers;

/// <summary>
/// What is to be done so that the node runs its assignment. One step per replica at a time; replicas that do not depend on each
/// other go at once. An unhealthy container is only reported: restarting it is the coordinator's or a person's choice.
/// </summary>
internal static class ContainerPlanner
{
    /// <summary>Failed starts in a row for want of a network after which the container is made anew: it may name a network that was replaced.</summary>
    private const int RecreateEvery = 3;

    public static ContainerPlan Plan(Assignment desired, NodeView view, DateTimeOffset now)
    {
        Draft draft = new(view, now);
        Dictionary<ReplicaId, DesiredReplica> wanted = desired.Replicas.ToDictionary(replica => replica.Id);
        ILookup<ReplicaId, ObservedContainer> ours = view.Containers.Where(container => container.Replica is not null).ToLookup(container => container.Replica!.Value);
        foreach (IGrouping<ReplicaId, ObservedContainer> group in ours.Where(group => !wanted.ContainsKey(group.Key)).OrderBy(group => group.Key))
        {
            draft.Remove(group.Key, group.OrderBy(container => container.Id, StringComparer.Ordinal).First(), "it is not wanted here any more");
        }

        // What is wanted is removed only to be made anew, and that must be known before anything is created in its place.
        List<DesiredReplica> settled = [.. desired.Replicas.OrderBy(replica => replica.Id).Where(replica => !Replace(draft, replica, [.. ours[replica.Id]]))];
        foreach (DesiredReplica replica in settled)
        {
            ObservedContainer? current = ours[replica.Id].FirstOrDefault(container => container.SpecHash == replica.SpecHash);
            if (current is null)
            {
                Create(draft, replica, wanted, ours);
            }
            else if (draft.MayTry(replica.Id))
            {
                Keep(draft, replica, current, wanted, ours);
            }
        }

        return draft.ToPlan();
    }

    /// <summary>Removes what stands in the way of the replica; true when something does.</summary>
    private static bool Replace(Draft draft, DesiredReplica replica, ImmutableArray<ObservedContainer> found)
    {
        ObservedContainer? good = found.FirstOrDefault(container => container.SpecHash == replica.SpecHash && container.State != ContainerState.Dead);
        ObservedContainer? bad = found.FirstOrDefault(container => container != good);
        if (bad is not null)
        {
            // The old one serves until the new one's image is here.
            if (bad.State == ContainerState.Running && good is null && draft.ImageOf(replica) is null)
            {
                if (draft.MayTry(replica.Id))
                {
                    draft.Fetch(replica);
                }

                return true;
            }

            draft.Remove(replica.Id, bad, bad.SpecHash == replica.SpecHash ? "there is another of it" : "what is wanted has changed");
            return true;
        }

        // Cut off between its creation and the last of its networks: started like that it would miss one for good.
        if (good is { State: ContainerState.Created } && MissingNetwork(replica.Container, good) is { } missing)
        {
            draft.Remove(replica.Id, good, $"it was not connected to network {missing}");
            return true;
        }

        if (good is { State: ContainerState.Created or ContainerState.Exited }
            && draft.AttemptOf(replica.Id) is { Kind: FailureKind.Network } attempt && attempt.Failures % RecreateEvery == 0 && draft.MayTry(replica.Id))
        {
            draft.Remove(replica.Id, good, "it cannot be started on its network");
            return true;
        }

        return false;
    }

    private static string? MissingNetwork(ContainerSpec spec, ObservedContainer container) =>
        spec.NetworkMode.Length > 0 ? null : spec.Networks.FirstOrDefault(network => !container.Networks.Contains(network.Name))?.Name;

    private static void Create(
        Draft draft, DesiredReplica replica, Dictionary<ReplicaId, DesiredReplica> wanted, ILookup<ReplicaId, ObservedContainer> ours)
    {
        if (!draft.MayTry(replica.Id))
        {
            return;
        }

        if (draft.ImageOf(replica) is not { } image)
        {
            draft.Fetch(replica);
        }
        else if (Obstacle(replica, wanted, ours) is { } reason)
        {
            draft.Wait(replica.Id, reason);
        }
        else if (draft.Leaving(replica) is { } leaving)
        {
            draft.Wait(replica.Id, $"{leaving} still holds its volume or port");
        }
        else
        {
            draft.Add(new CreateContainer(replica, image));
        }
    }

    private static void Keep(
        Draft draft, DesiredReplica replica, ObservedContainer current, Dictionary<ReplicaId, DesiredReplica> wanted, ILookup<ReplicaId, ObservedContainer> ours)
    {
        bool start = current.State == ContainerState.Created
            || (current.State == ContainerState.Exited && RestartRules.Restarts(replica.Container.Restart, current));
        if (!start)
        {
            return;
        }

        if (Obstacle(replica, wanted, ours) is { } reason)
        {
            draft.Wait(replica.Id, reason);
        }
        else
        {
            draft.Add(new StartContainer(replica.Id, current));
        }
    }

    /// <summary>A workload of this node that must run first and does not yet; null when there is none.</summary>
    private static string? Obstacle(DesiredReplica replica, Dictionary<ReplicaId, DesiredReplica> wanted, ILookup<ReplicaId, ObservedContainer> ours)
    {
        foreach (DesiredReplica first in wanted.Values.Where(other => replica.StartsAfter.Contains(other.Id.Workload)).OrderBy(other => other.Id))
        {
            bool ready = ours[first.Id].Any(container => container.SpecHash == first.SpecHash && RestartRules.HasStarted(first.Container.Restart, container));
            if (!ready)
            {
                return $"waits for {first.Id} to start";
            }
        }

        return null;
    }
}
