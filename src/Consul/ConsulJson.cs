using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Serialization;

namespace RpiAgent.Consul;

/// <summary>Go's duration text.</summary>
internal static class ConsulDuration
{
    public static string Of(TimeSpan span) => ((long)span.TotalMilliseconds).ToString(CultureInfo.InvariantCulture) + "ms";
}

internal sealed record KvWire
{
    public string Key { get; init; } = "";
    public ReadOnlyMemory<byte>? Value { get; init; }
    public ulong CreateIndex { get; init; }
    public ulong ModifyIndex { get; init; }
    public ulong LockIndex { get; init; }
    public string? Session { get; init; }

    public KvEntry ToEntry() => new(Key, Value ?? ReadOnlyMemory<byte>.Empty, CreateIndex, ModifyIndex, LockIndex, Session);
}

internal sealed record TxnOpWire(TxnKvWire KV)
{
    public static TxnOpWire From(TransactionOperation operation) =>
        new(new TxnKvWire(operation.Verb, operation.Key, operation.Value, operation.Index, operation.Session));
}

internal sealed record TxnKvWire(string Verb, string Key, ReadOnlyMemory<byte>? Value, ulong Index, string? Session);

internal sealed record TxnReplyWire(TxnResultWire[]? Results, TxnErrorWire[]? Errors);

internal sealed record TxnResultWire(KvWire? KV);

internal sealed record TxnErrorWire(int OpIndex, string What);

internal sealed record SessionWire
{
    public required string Name { get; init; }
    public required string TTL { get; init; }
    public required string LockDelay { get; init; }
    public required string Behavior { get; init; }
    public string[] NodeChecks { get; init; } = [];
    /// <summary>Consul before 1.7 knows only this name.</summary>
    public string[] Checks { get; init; } = [];
}

internal sealed record IdWire(string ID);

internal sealed record ServiceWire
{
    public required string ID { get; init; }
    public required string Name { get; init; }
    public required string Address { get; init; }
    public required int Port { get; init; }
    public string[] Tags { get; init; } = [];
    public Dictionary<string, string> Meta { get; init; } = [];
    public required CheckWire Check { get; init; }
}

internal sealed record CheckWire
{
    public required string CheckID { get; init; }
    public required string TTL { get; init; }
    public string? DeregisterCriticalServiceAfter { get; init; }
    public required string Status { get; init; }
}

internal sealed record CheckReportWire(string Status, string Output);

internal sealed record HealthWire(HealthServiceWire Service, HealthCheckWire[]? Checks);

internal sealed record HealthServiceWire(
    string ID, string Service, string Address, int Port, Dictionary<string, string>? Meta, string[]? Tags);

internal sealed record AgentServiceWire(string Address, int Port);

internal sealed record HealthCheckWire(string CheckID, string Status, string Output, string ServiceID);

internal sealed record PolicyWire
{
    public string? ID { get; init; }
    public string Name { get; init; } = "";
    public string Description { get; init; } = "";
    public string Rules { get; init; } = "";

    public AclPolicy ToPolicy() => new(ID ?? "", Name, Description, Rules);
}

internal sealed record TokenWire
{
    public string? AccessorID { get; init; }
    public string? SecretID { get; init; }
    public string Description { get; init; } = "";
    public PolicyLinkWire[]? Policies { get; init; }
    public DateTimeOffset? CreateTime { get; init; }

    public AclToken ToToken() =>
        new(AccessorID ?? "", SecretID ?? "", Description, [.. (Policies ?? []).Select(policy => policy.Name ?? "")]) { CreatedAt = CreateTime ?? default };
}

internal sealed record PolicyLinkWire(string? ID, string? Name);

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(KvWire[]))]
[JsonSerializable(typeof(TxnOpWire[]))]
[JsonSerializable(typeof(TxnReplyWire))]
[JsonSerializable(typeof(SessionWire))]
[JsonSerializable(typeof(IdWire))]
[JsonSerializable(typeof(ServiceWire))]
[JsonSerializable(typeof(AgentServiceWire))]
[JsonSerializable(typeof(CheckReportWire))]
[JsonSerializable(typeof(HealthWire[]))]
[JsonSerializable(typeof(PolicyWire))]
[JsonSerializable(typeof(PolicyWire[]))]
[JsonSerializable(typeof(TokenWire))]
[JsonSerializable(typeof(TokenWire[]))]
[JsonSerializable(typeof(string))]
internal sealed partial class ConsulJson : JsonSerializerContext;
