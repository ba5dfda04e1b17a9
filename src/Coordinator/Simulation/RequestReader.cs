using System.Collections.Immutable;
using RpiAgent.Coordinator.Scheduling;

namespace RpiAgent.Coordinator.Simulation;

/// <summary>Reads <c>request</c> of a case or step.</summary>
internal static class RequestReader
{
    private static readonly string[] s_request =
    [
        "image", "name", "env", "labels", "affinities", "constraints", "whitelists", "reschedule", "cpus", "memory", "ports", "expose", "volumesFrom",
        "links", "network", "ipc", "pid", "volumes", "group", "spreadOver", "maxReplicasPerNode", "platforms",
    ];

    public static CaseRequest Request(CaseValue value, List<string> unread)
    {
        CaseReader.Unread(value, s_request, unread);
        ImmutableDictionary<string, string> labels = value["labels"].Map();
        ClassicExpressions? given = ClassicExpressions.Extract(value["env"].Texts(), labels, out string? problem);
        ClassicExpressions expressions = given ?? new();
        ImmutableArray<string> reschedule = [.. expressions.Reschedule, .. value["reschedule"].Texts()];
        PlacementRequest placement = new()
        {
            Image = value["image"].Text(),
            Name = value["name"].Text().TrimStart('/'),
            Constraints = [.. expressions.Constraints, .. value["constraints"].Texts()],
            Affinities = [.. expressions.Affinities, .. value["affinities"].Texts()],
            Whitelists = [.. expressions.Whitelists, .. value["whitelists"].Texts()],
            MilliCpus = value["cpus"].MilliCpus(0),
            MemoryBytes = value["memory"].Whole(0),
            Ports = NodeReader.Ports(value["ports"]),
            Expose = NodeReader.Ports(value["expose"]),
            VolumesFrom = value["volumesFrom"].Texts(),
            Links = value["links"].Texts(),
            Network = value["network"].Text(),
            Ipc = value["ipc"].Text(),
            Pid = value["pid"].Text(),
            Volumes = value["volumes"].Texts(),
            Group = value["group"].Text(),
            SpreadOver = value["spreadOver"].Texts(),
            MaxReplicasPerNode = value["maxReplicasPerNode"].Exists ? (int)value["maxReplicasPerNode"].Whole(0, 1, int.MaxValue) : null,
            Platforms = value["platforms"].Texts(),
            LimitsMemory = value["limitsMemory"].Flag(false),
        };
        return new(placement, labels, ReschedulePolicy.Moves(reschedule), problem ?? ReschedulePolicy.Problem(reschedule));
    }
}
