using System.Collections.Immutable;
using RpiAgent.Agent.NodeConfig;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace RpiAgent.Agent.Boot.Card;

/// <summary>One value of a file on the card, and where it stands.</summary>
/// <param name="line">Of a file that is no YAML; else the node knows its own.</param>
internal sealed class CardNode(YamlNode node, string path, int line = 0)
{
    public string Path { get; } = path;

    /// <summary>Characters of the value in the text, the byte order mark not counted.</summary>
    public (int Start, int End) Span => ((int)node.Start.Index, (int)node.End.Index);

    /// <summary>Nothing is written after the key.</summary>
    public bool IsEmpty => node is YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" };

    public bool IsScalar(Func<string, bool> isWanted) => node is YamlScalarNode { Value: { } value } && isWanted(value);

    public int Line { get; } = line > 0 ? line : (int)node.Start.Line;

    public BootFileException Bad(string message) => new($"{Path}:{Line}: {message}");

    public string Text(string what) =>
        node is YamlScalarNode { Value: { } value } && !IsEmpty ? value : throw Bad($"{what} must be one plain value");

    public bool Flag(string what) => Text(what) switch
    {
        "true" => true,
        "false" => false,
        _ => throw Bad($"{what} must be true or false"),
    };

    public ImmutableArray<string> List(string what) => [.. Items(what).Select(item => item.Text($"each entry of {what}"))];

    public IEnumerable<CardNode> Items(string what) => node is YamlSequenceNode list
        ? list.Children.Select(child => new CardNode(child, Path))
        : throw Bad($"{what} must be a list: [one, two], or a line '- one' for each");

    /// <summary>The values of a section with free keys.</summary>
    public ImmutableArray<CardEntry> Entries(string what)
    {
        if (node is not YamlMappingNode mapping)
        {
            throw Bad($"{what} must hold lines of 'key: value'");
        }

        return [.. mapping.Children.Select(pair => new CardEntry(new CardNode(pair.Key, Path).Text($"a key of {what}"), new CardNode(pair.Key, Path), new CardNode(pair.Value, Path)))];
    }

    /// <summary>The values of a section whose keys are known.</summary>
    public CardSection Section(string what, ImmutableArray<string> known)
    {
        ImmutableArray<CardEntry> entries = Entries(what);
        foreach (CardEntry entry in entries.Where(entry => !known.Contains(entry.Key)))
        {
            throw entry.KeyNode.Bad($"unknown key '{Shown(entry.Key)}'; did you mean '{known.MinBy(candidate => EditDistance.Between(entry.Key, candidate))}'?");
        }

        return new CardSection(entries.ToImmutableDictionary(entry => entry.Key, entry => entry.Value));
    }

    /// <summary>A key is a word; where a colon was forgotten, what follows it may be a secret.</summary>
    private static string Shown(string key) => key.TakeWhile(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-').Take(40).Count() is var length && length < key.Length ? $"{key[..length]}…" : key;

    /// <summary>Calls what refuses in its own way; the refusal gets this place.</summary>
    public T Checked<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (RefusalException e)
        {
            throw new BootFileException($"{Path}:{Line}: {e.Message}", e);
        }
    }
}

internal sealed record CardEntry(string Key, CardNode KeyNode, CardNode Value);

/// <summary>The values of a section by key.</summary>
internal sealed class CardSection(ImmutableDictionary<string, CardNode> values)
{
    /// <summary>Null when the key is not there.</summary>
    public CardNode? this[string key] => values.GetValueOrDefault(key);
}

/// <summary>Levenshtein.</summary>
internal static class EditDistance
{
    public static int Between(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int above = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[b.Length];
    }
}
