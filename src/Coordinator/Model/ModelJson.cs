using System.IO.Compression;
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
    /// <summary>Of a document that is packed: Consul takes half a MiB in a transaction, as base64.</summary>
    public const int MostPacked = 350 * 1024;

    /// <summary>Up to here a document stays as it is, for people with Consul's own tools.</summary>
    private const int MostPlain = 32 * 1024;

    /// <summary>First byte of a packed document; JSON begins otherwise.</summary>
    private const byte Packed = 1;

    public static byte[] Write<T>(T document, JsonTypeInfo<T> type) => JsonSerializer.SerializeToUtf8Bytes(document, type);

    /// <summary>As <see cref="Write"/>, packed when it is large. Replicas of one service differ in little, so many take hardly more room than one.</summary>
    public static byte[] Pack<T>(T document, JsonTypeInfo<T> type)
    {
        byte[] json = Write(document, type);
        if (json.Length <= MostPlain)
        {
            return json;
        }

        using MemoryStream packed = new();
        packed.WriteByte(Packed);
        using (BrotliStream brotli = new(packed, CompressionLevel.Optimal))
        {
            brotli.Write(json);
        }

        return packed.ToArray();
    }

    /// <summary>Reads what <see cref="Write"/> or <see cref="Pack"/> wrote.</summary>
    /// <exception cref="JsonException">Not such a document.</exception>
    public static T Read<T>(ReadOnlySpan<byte> document, JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(document is [Packed, .. var packed] ? Unpack(packed) : document, type) ?? throw new JsonException($"null is not a {typeof(T).Name}");

    private static ReadOnlySpan<byte> Unpack(ReadOnlySpan<byte> packed)
    {
        try
        {
            using BrotliStream brotli = new(new MemoryStream(packed.ToArray()), CompressionMode.Decompress);
            using MemoryStream json = new();
            brotli.CopyTo(json);
            return json.ToArray();
        }
        catch (InvalidOperationException broken)
        {
            throw new JsonException("it is packed, and damaged", broken);
        }
    }
}
