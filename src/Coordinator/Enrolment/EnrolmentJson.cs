using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using RpiAgent.Consul;
using RpiAgent.Coordinator.Model;

namespace RpiAgent.Coordinator.Enrolment;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NodeRecord))]
[JsonSerializable(typeof(TokenRecord))]
internal sealed partial class EnrolmentJson : JsonSerializerContext;

/// <summary>A document and the index to change it with.</summary>
internal sealed record Stored<T>(T Value, ulong ModifyIndex);

internal static class StoredDocument
{
    /// <exception cref="JsonException">With the key in its message.</exception>
    public static Stored<T> Read<T>(KvEntry entry, JsonTypeInfo<T> type)
    {
        try
        {
            T value = JsonSerializer.Deserialize(entry.Value.Span, type) ?? throw new JsonException("the document is null");
            return new Stored<T>(value, entry.ModifyIndex);
        }
        catch (JsonException broken)
        {
            throw new JsonException($"{entry.Key} in Consul cannot be read: {broken.Message}", broken);
        }
    }
}
