using System.Collections.Immutable;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Containers;

/// <summary>One container, or one wanted replica without any, as the coordinator is told.</summary>
/// <param name="State">waiting, fetching-image, created, running, restarting, exited, failed, removing.</param>
/// <param name="Message">Why it waits or failed, in words.</param>
/// <param name="Foreign">Not ours; <paramref name="Workload"/> holds its name.</param>
internal sealed record ContainerReport(string Workload, int Index, string State, string Message, bool Foreign = false)
{
    public string ContainerId { get; init; } = "";

    public string ImageId { get; init; } = "";

    public string SpecHash { get; init; } = "";

    public string Health { get; init; } = "";

    public int ExitCode { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public int Restarts { get; init; }

    public ImmutableArray<PublishedPort> Ports { get; init; } = [];
}

/// <summary>All of a node's containers at one moment.</summary>
internal sealed record ContainersReport(AssignmentVersion? Held, ImmutableArray<ContainerReport> Containers, ImmutableArray<string> Warnings);

/// <summary>Words for what was seen and planned.</summary>
internal static class ContainerReports
{
    public static ImmutableArray<ContainerReport> Of(Assignment? desired, NodeView view, ContainerPlan plan)
    {
        Dictionary<ReplicaId, DesiredReplica> wanted = desired?.Replicas.ToDictionary(replica => replica.Id) ?? [];
        IEnumerable<ContainerReport> found = view.Containers.Select(container => container.Replica is { } id
            ? Ours(container, id, wanted.GetValueOrDefault(id), view, plan)
            : Describe(container, new ContainerReport(container.Name, 0, Name(container.State), "", Foreign: true)));
        HashSet<ReplicaId> seen = [.. view.Containers.Where(container => container.Replica is not null).Select(container => container.Replica!.Value)];
        IEnumerable<ContainerReport> missing = wanted.Values.Where(replica => !seen.Contains(replica.Id)).Select(replica => Missing(replica, view, plan));
        return [.. found.Concat(missing).OrderBy(report => report.Foreign).ThenBy(report => report.Workload, StringComparer.Ordinal).ThenBy(report => report.Index)];
    }

    private static ContainerReport Ours(ObservedContainer container, ReplicaId id, DesiredReplica? wanted, NodeView view, ContainerPlan plan)
    {
        string waiting = plan.Waiting.GetValueOrDefault(id, "");
        string state = Name(container.State);
        if (wanted is null || view.Running.GetValueOrDefault(id) is RemoveContainer)
        {
            state = "removing";
        }
        else if (RestartRules.HasFailed(wanted.Container.Restart, container))
        {
            state = "failed";
        }
        else if (container.State is ContainerState.Created or ContainerState.Exited && waiting.Length > 0)
        {
            state = "waiting";
        }

        string message = waiting.Length > 0 ? waiting : container.Error.Length > 0 ? container.Error
            : state == "failed" ? $"ended with exit code {container.ExitCode}" : "";
        return Describe(container, new ContainerReport(id.Workload.Value, id.Index, state, message));
    }

    private static ContainerReport Missing(DesiredReplica replica, NodeView view, ContainerPlan plan)
    {
        ContainerStep? step = view.Running.GetValueOrDefault(replica.Id) ?? plan.Steps.FirstOrDefault(planned => planned.Replica == replica.Id);
        (string state, string message) = step switch
        {
            FetchImage fetch => ("fetching-image", $"fetching {fetch.Image}"),
            CreateContainer => ("waiting", "being created"),
            _ => ("waiting", plan.Waiting.GetValueOrDefault(replica.Id, "")),
        };
        return new ContainerReport(replica.Id.Workload.Value, replica.Id.Index, state, message) { SpecHash = replica.SpecHash };
    }

    private static ContainerReport Describe(ObservedContainer container, ContainerReport report) => report with
    {
        ContainerId = container.Id,
        ImageId = container.ImageId,
        SpecHash = container.SpecHash,
        Health = container.Health,
        ExitCode = container.ExitCode,
        StartedAt = container.StartedAt,
        Restarts = container.Restarts,
        Ports = container.Ports,
    };

    private static string Name(ContainerState state) => state switch
    {
        ContainerState.Created => "created",
        ContainerState.Running or ContainerState.Paused => "running",
        ContainerState.Restarting => "restarting",
        ContainerState.Removing => "removing",
        ContainerState.Exited => "exited",
        _ => "failed",
    };
}
