using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Google.Protobuf.WellKnownTypes;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Cli;

// What --json prints. Names are stable: keys are added, not renamed or removed.
internal sealed record TokenJson(string? Token, string Id, string State, long UsesLeft, DateTimeOffset? CreatedAt, DateTimeOffset? ExpiresAt, string Note)
{
    public static TokenJson Of(TokenInfo info, string? token = null) =>
        new(token, info.Id, info.State, info.UsesLeft, info.CreatedAt.Time(), info.ExpiresAt.Time(), info.Note);
}

internal sealed record CardJson(string Path, string TokenId);

internal sealed record NodeJson(
    string Id, string Name, string Address, string State, string Reason, string SwarmRole, IReadOnlyDictionary<string, string> Labels,
    long Replicas, DateTimeOffset? EnrolledAt, DateTimeOffset? LastSeen, DateTimeOffset? CertificateExpiresAt, string AgentVersion, string Assigned, string Held,
    IReadOnlyList<string> Warnings, ulong MemoryAvailableBytes, double Load1, HardwareJson Hardware, EngineJson? Engine)
{
    public static NodeJson Of(NodeInfo node) => new(
        node.Id, node.Name, node.Address, node.State, node.Reason, node.SwarmRole, new SortedDictionary<string, string>(node.Labels, StringComparer.Ordinal),
        node.Replicas, node.EnrolledAt.Time(), node.LastSeen.Time(), node.CertificateExpiresAt.Time(), node.AgentVersion, Version(node.Assigned), Version(node.Held),
        [.. node.Warnings], node.MemoryAvailableBytes, node.Load1, HardwareJson.Of(node.Hardware ?? new Hardware()), node.Engine is null ? null : EngineJson.Of(node.Engine));

    public static string Version(AssignmentVersion? version) => version is null ? "" : $"{version.Epoch}.{version.Generation}";
}

internal sealed record HardwareJson(
    string Model, string Serial, string Mac, string Platform, string KernelArch, string UserlandArch, long Cores, ulong MemoryBytes, string Os, long PageSize)
{
    public static HardwareJson Of(Hardware hardware) => new(
        hardware.Model, hardware.Serial, hardware.Mac, hardware.Platform, hardware.KernelArch, hardware.UserlandArch, hardware.Cores, hardware.MemoryBytes, hardware.Os, hardware.PageSize);
}

internal sealed record EngineJson(string Version, string Os, string Architecture, long Cpus, ulong MemoryBytes, bool MemoryLimit, string StorageDriver, string KernelVersion, string OperatingSystem)
{
    public static EngineJson Of(EngineInfo engine) => new(
        engine.Version, engine.Os, engine.Architecture, engine.Cpus, engine.MemoryBytes, engine.MemoryLimit, engine.StorageDriver, engine.KernelVersion, engine.OperatingSystem);
}

internal sealed record SwarmJson(string ClusterId, string Phase, string Reason, string Leader, IReadOnlyList<SwarmNodeJson> Nodes, IReadOnlyList<string> Networks);

internal sealed record SwarmNodeJson(string Node, string State, string Role, string SwarmNodeId, string Address, string Error);

internal sealed record StackJson(string Name, long Services, long ReplicasWanted, long ReplicasRunning, DateTimeOffset? UpdatedAt);

internal sealed record ReplicaJson(
    string Stack, string Service, long Index, string Node, string Address, string State, string Health, string Image, string Message,
    IReadOnlyList<string> Ports, DateTimeOffset? StartedAt, long Restarts, string Explanation, IReadOnlyDictionary<string, string> Reasons)
{
    public static ReplicaJson Of(ReplicaInfo replica) => new(
        replica.Stack, replica.Service, replica.Index, replica.Node, replica.Address, replica.State, replica.Health, replica.Image, replica.Message,
        [.. replica.Ports], replica.StartedAt.Time(), replica.Restarts, replica.Explanation, new SortedDictionary<string, string>(replica.Reasons, StringComparer.Ordinal));
}

internal sealed record DeployedJson(string Stack, IReadOnlyList<string> Changes, IReadOnlyList<string> Warnings, bool Complete, IReadOnlyList<ReplicaJson> Replicas);

internal sealed record PlanJson(string Stack, IReadOnlyList<string> Changes, IReadOnlyList<string> Warnings, IReadOnlyList<PlannedJson> Replicas);

internal sealed record PlannedJson(
    string Workload, long Index, string Node, string Action, string Explanation, IReadOnlyDictionary<string, string> Reasons, IReadOnlyDictionary<string, double> Scores)
{
    public static PlannedJson Of(PlannedReplica planned) => new(
        planned.Workload, planned.Index, planned.Node, planned.Action, planned.Explanation,
        new SortedDictionary<string, string>(planned.Reasons, StringComparer.Ordinal), new SortedDictionary<string, double>(planned.Scores, StringComparer.Ordinal));
}

internal sealed record RemovedJson(string Stack, IReadOnlyList<string> Removed, IReadOnlyList<string> KeptVolumes);

internal sealed record ImageJson(string Id, IReadOnlyList<string> Tags, ulong SizeBytes, string Platform, IReadOnlyList<string> Nodes)
{
    public static ImageJson Of(ImageStatus image, IEnumerable<string> nodes) => new(image.Id, [.. image.Tags], image.SizeBytes, image.Architecture, [.. nodes]);
}

internal sealed record LogJson(string Service, long Index, string Node, bool Error, string Line);

internal sealed record RolloutJson(string Turn, string Halted, IReadOnlyList<RolloutNodeJson> Nodes)
{
    public static RolloutJson Of(GetRolloutReply reply) => new(reply.Turn, reply.Halted, [.. reply.Nodes.Select(RolloutNodeJson.Of)]);
}

internal sealed record RolloutNodeJson(string Node, string Address, string WantedAddress, string WantedRevision, string Revision, string State, string Detail)
{
    public static RolloutNodeJson Of(RolloutNode node) =>
        new(node.Node, node.Address, node.WantedAddress, node.WantedRevision, node.Config?.Revision ?? "", node.Config?.State ?? "", node.Config?.Detail ?? "");
}

/// <summary>A key as each node has it.</summary>
internal sealed record SshKeyJson(string Id, string User, string Key, string Fingerprint, DateTimeOffset? AddedAt)
{
    public static SshKeyJson Of(SshKeyInfo key) => new(key.Id, key.User, key.Key, key.Fingerprint, key.AddedAt.Time());
}

internal sealed record SshKeysJson(IReadOnlyList<SshKeyJson> Keys, IReadOnlyList<SshNodeJson> Nodes)
{
    public static SshKeysJson Of(IEnumerable<SshKeyInfo> keys, IEnumerable<NodeInfo> nodes, string revision) =>
        new([.. keys.Select(SshKeyJson.Of)], [.. nodes.Select(node => SshNodeJson.Of(node, revision))]);
}

/// <param name="State">applied, failed, or pending: not told yet.</param>
internal sealed record SshNodeJson(string Node, string State, IReadOnlyList<string> Problems)
{
    public static SshNodeJson Of(NodeInfo node, string revision) =>
        new(node.Name, node.Ssh is { State.Length: > 0 } ssh && ssh.Revision == revision ? ssh.State : "pending", [.. node.Ssh?.Problems ?? []]);
}

internal sealed record VersionJson(string Rpictl, string Coordinator, string Leader, ulong Epoch);

internal static class Times
{
    public static DateTimeOffset? Time(this Timestamp? stamp) => stamp?.ToDateTimeOffset();
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(CardJson))]
[JsonSerializable(typeof(TokenJson))]
[JsonSerializable(typeof(TokenJson[]))]
[JsonSerializable(typeof(NodeJson))]
[JsonSerializable(typeof(NodeJson[]))]
[JsonSerializable(typeof(SwarmJson))]
[JsonSerializable(typeof(StackJson[]))]
[JsonSerializable(typeof(ReplicaJson[]))]
[JsonSerializable(typeof(DeployedJson))]
[JsonSerializable(typeof(PlanJson))]
[JsonSerializable(typeof(RemovedJson))]
[JsonSerializable(typeof(ImageJson[]))]
[JsonSerializable(typeof(LogJson))]
[JsonSerializable(typeof(RolloutJson))]
[JsonSerializable(typeof(RolloutNodeJson))]
[JsonSerializable(typeof(SshKeysJson))]
[JsonSerializable(typeof(VersionJson))]
internal sealed partial class CliJson : JsonSerializerContext
{
    /// <summary>Indented; arrows and umlauts as they are.</summary>
    public static CliJson Pretty { get; } = new(Printed(indented: true));

    /// <summary>One line for each object, for streams.</summary>
    public static CliJson Lines { get; } = new(Printed(indented: false));

    private static JsonSerializerOptions Printed(bool indented) => new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = indented,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
