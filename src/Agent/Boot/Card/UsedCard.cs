using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using RpiAgent.Identity;

namespace RpiAgent.Agent.Boot.Card;

/// <summary>
/// Which secrets of the card have been used, on disk before they are: after a power cut, or on a boot partition that cannot be written,
/// it says what must still go. Read from disk and not from the card, which a cut may have left half overwritten.
/// </summary>
/// <param name="TokenHash">Of the join token.</param>
/// <param name="LegacyToo">Passwords of the older files go, too.</param>
/// <param name="Radios">Interfaces that are on the network the card names: only their passwords have been used.</param>
internal sealed record UsedCard(string TokenHash, bool LegacyToo, ImmutableArray<string> Radios)
{
    /// <summary>They are gone. The same file may come back with a person's copy of it.</summary>
    public bool IsScrubbed { get; init; }

    private static string PathOf(AgentOptions options) => options.State("used-card.json");

    /// <returns>Null when no card was used, or nobody knows.</returns>
    public static UsedCard? Load(AgentOptions options)
    {
        try
        {
            return File.Exists(PathOf(options)) ? Read(File.ReadAllText(PathOf(options))) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static UsedCard? Read(string text) => JsonSerializer.Deserialize(text, CardJson.Default.UsedCard);

    public string Render() => JsonSerializer.Serialize(this, CardJson.Default.UsedCard);

    public void Save(AgentOptions options)
    {
        AtomicFile.EnsureDirectory(options.Under(options.StateDirectory), AtomicFile.PrivateDirectory);
        AtomicFile.Write(PathOf(options), Render(), AtomicFile.Private);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(UsedCard))]
internal sealed partial class CardJson : JsonSerializerContext;
