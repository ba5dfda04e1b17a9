using Google.Protobuf.WellKnownTypes;
using RpiAgent.Coordinator.Model;
using RpiAgent.Identity;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Admin;

/// <summary>Nodes as an operator sees them.</summary>
internal static class NodeViews
{
    /// <param name="time">Shows when it was last heard.</param>
    public static NodeInfo Of(NodeView node, ClusterSnapshot cluster, SteadyTime time)
    {
        (string state, string reason) = State(node, time.GetUtcNow());
        reason = reason.Length > 0 ? reason : Configuring(node, cluster.Rollout);
        NodeInfo info = new()
        {
            Id = node.Id.Value,
            Name = node.Name,
            Address = Address(node),
            State = state,
            Reason = reason,
            SwarmRole = SwarmRole(node),
            Hardware = Hardware(node.Record.Hardware),
            EnrolledAt = node.Record.EnrolledAt.ToTimestamp(),
            CertificateExpiresAt = node.Record.CertificateExpiresAt.ToTimestamp(),
        };
        info.Labels.Add(node.Record.Labels);
        foreach (KeyValuePair<string, string> label in (node.Description?.EngineLabels.AsEnumerable() ?? []).Where(label => !info.Labels.ContainsKey(label.Key)))
        {
            info.Labels.Add(label.Key, label.Value);
        }

        if (node.LastSeen > DateTimeOffset.UnixEpoch)
        {
            info.LastSeen = time.ToWall(node.LastSeen).ToTimestamp();
        }

        if (cluster.Assignments.TryGetValue(node.Id, out NodeAssignment? assignment))
        {
            info.Replicas = (uint)assignment.Replicas.Length;
            info.Assigned = Version(assignment.Version);
        }

        if (node.Description is { } description)
        {
            info.AgentVersion = description.AgentVersion;
            info.Engine = Engine(description);
        }

        if (node.Status is { } status)
        {
            info.Held = status.Held is { } held ? Version(held) : null;
            info.Warnings.Add(status.Warnings);
            info.MemoryAvailableBytes = (ulong)Math.Max(0, status.MemoryAvailableBytes);
            info.Load1 = status.Load1;
            info.Ssh = Ssh(status.Ssh);
        }

        return info;
    }

    /// <summary>ready, drained, conflict, unreachable, down or joining, and why it is not ready.</summary>
    public static (string State, string Reason) State(NodeView node, DateTimeOffset now)
    {
        if (node.Conflict is { } conflict)
        {
            return ("conflict", conflict.Reason);
        }

        if (node.Down)
        {
            return ("down", $"no sign of it for {Ago(node, now)}");
        }

        if (!node.Connected)
        {
            return node.LastSeen > DateTimeOffset.UnixEpoch
                ? ("unreachable", $"no contact for {Ago(node, now)}")
                : ("joining", node.Registered ? "registered, not reached yet" : "enrolled, not registered yet");
        }

        return node switch
        {
            { Status: null } => ("joining", "reached, has not sent its status yet"),
            { Status.EngineUp: false } => ("unreachable", $"its Docker engine does not answer{(node.Status.EngineError.Length > 0 ? $": {node.Status.EngineError}" : "")}"),
            { Record.Drained: true } => ("drained", "drained by an operator: nothing is placed there"),
            _ => ("ready", ""),
        };
    }

    /// <summary>What of its own configuration keeps it from being as wanted, or empty.</summary>
    private static string Configuring(NodeView node, RolloutView rollout) => node.Status?.Config switch
    {
        { Failed: true } config => $"configuration {config.State}: {config.Detail}",
        _ when rollout.Turn == node.Id => "its configuration is being changed",
        _ => "",
    };

    /// <summary>leader, manager, worker, or empty when not in the swarm.</summary>
    public static string SwarmRole(NodeView node) => node.Status?.Swarm switch
    {
        { State: "active", Leader: true } => "leader",
        { State: "active", Manager: true } => "manager",
        { State: "active" } => "worker",
        _ => "",
    };

    /// <summary>The allotted IPv4, or where it answers when it keeps DHCP or could not be given the allotted one; without prefix.</summary>
    public static string Address(NodeView node) => node is { Status.Config.Failed: true, Reached: { Length: > 0 } inUse } ? inUse
        : (node.Record.Address ?? node.Reached).Split('/')[0];

    private static string Ago(NodeView node, DateTimeOffset now)
    {
        TimeSpan ago = now - node.LastSeen;
        return ago.TotalSeconds < 120 ? $"{Math.Max(0, (int)ago.TotalSeconds)} s"
            : ago.TotalMinutes < 120 ? $"{(int)ago.TotalMinutes} min"
            : ago.TotalHours < 48 ? $"{(int)ago.TotalHours} h" : $"{(int)ago.TotalDays} days";
    }

    private static Protos.Wire.AssignmentVersion Version(Protos.AssignmentVersion version) => new() { Epoch = version.Epoch, Generation = version.Generation };

    private static Hardware Hardware(HardwareFacts facts) => new()
    {
        Serial = facts.Serial,
        Mac = facts.Mac,
        MachineId = facts.MachineId,
        Model = facts.Model,
        Platform = facts.Platform,
        KernelArch = facts.KernelArch,
        UserlandArch = facts.UserlandArch,
        Cores = (uint)Math.Max(0, facts.Cores),
        MemoryBytes = (ulong)Math.Max(0, facts.MemoryBytes),
        Os = facts.Os,
        CardId = facts.CardId,
        DiskId = facts.DiskId,
        PageSize = (uint)Math.Max(0, facts.PageSize),
    };

    private static SshStatus Ssh(SshView view)
    {
        SshStatus status = new() { Revision = view.Revision, State = view.State };
        status.Problems.AddRange(view.Problems);
        status.HostKeys.AddRange(view.HostKeys);
        return status;
    }

    private static EngineInfo Engine(NodeDescriptionView description)
    {
        EngineInfo engine = new()
        {
            Version = description.EngineVersion,
            Architecture = description.EngineArchitecture,
            Os = description.EngineOs,
            Cpus = (uint)Math.Max(0, description.Cpus),
            MemoryBytes = (ulong)Math.Max(0, description.MemoryBytes),
            MemoryLimit = description.MemoryLimit,
            StorageDriver = description.StorageDriver,
            KernelVersion = description.KernelVersion,
            OperatingSystem = description.OperatingSystem,
        };
        engine.Labels.Add(description.EngineLabels.Select(label => $"{label.Key}={label.Value}"));
        return engine;
    }
}
