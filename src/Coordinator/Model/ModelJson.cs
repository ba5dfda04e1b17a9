using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace RpiAgent.Coordinator.Model;

/// <summary>
/// The documents in Consul's store, as JSON. Their properties have setters only for this: with <c>init</c> the source generator
/// overwrites the defaults of properties that an older document lacks. Nobody else uses the setters.
/// </summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NodeRecord))]
[JsonSerializable(typeof(StackSpec))]
[JsonSerializable(typeof(NodeAssignment))]
[JsonSerializable(typeof(VolumeRecord))]
[JsonSerializable(typeof(SwarmRecord))]
[JsonSerializable(typeof(SshKeysRecord))]
[JsonSerializable(typeof(RolloutRecord))]
[JsonSerializable(typeof(ContainerTemplate))]
internal sealed partial class ModelJson : JsonSerializerContext
{
    public static byte[] Write<T>(T document, JsonTypeInfo<T> type) => JsonSerializer.SerializeToUtf8Bytes(document, type);

    /// <exception cref="JsonException">Not such a document.</exception>
    public static T Read<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(json, type) ?? throw new JsonException($"null is not a {typeof(T).Name}");
}
