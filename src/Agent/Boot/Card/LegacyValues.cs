using System.Collections.Immutable;

namespace RpiAgent.Agent.Boot.Card;

/// <summary>Reads an older file value by value: one that cannot be used does not hold up the others, as long as nobody needs it.</summary>
internal sealed class LegacyValues
{
    /// <summary>Why not, by key.</summary>
    public ImmutableSortedDictionary<string, string> Refused { get; private set; } = ImmutableSortedDictionary<string, string>.Empty;

    public T? Read<T>(string key, Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (BootFileException e)
        {
            Refused = Refused.SetItem(key, e.Message);
            return null;
        }
    }

    /// <summary>Of <c>wifi.interfaces</c>.</summary>
    public ImmutableSortedDictionary<string, CardRadio> Radios(CardNode node) =>
        node.Entries("wifi.interfaces")
            .SelectMany(entry => Read(entry.Key, () => CardRadios.Read([entry], strict: false)) ?? ImmutableSortedDictionary<string, CardRadio>.Empty)
            .ToImmutableSortedDictionary(StringComparer.Ordinal);
}
