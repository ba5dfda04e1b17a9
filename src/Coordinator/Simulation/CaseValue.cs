using System.Collections.Immutable;
using System.Text.Json;

namespace RpiAgent.Coordinator.Simulation;

/// <summary>A JSON value that knows its path, for messages. An absent property and null are the same.</summary>
internal readonly record struct CaseValue(JsonElement Json, string Path)
{
    private const long MostWhole = 1L << 53;

    public bool Exists => Json.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);

    public CaseValue this[string key] =>
        Object().Json.TryGetProperty(key, out JsonElement value) ? new(value, $"{Path}.{key}") : new(default, $"{Path}.{key}");

    public CaseValue Object() => Json.ValueKind == JsonValueKind.Object ? this : throw Bad("an object");

    /// <summary>Empty when absent.</summary>
    public ImmutableArray<CaseValue> List()
    {
        if (!Exists)
        {
            return [];
        }
        if (Json.ValueKind != JsonValueKind.Array)
        {
            throw Bad("a list");
        }
        string path = Path;
        return [.. Json.EnumerateArray().Select((item, i) => new CaseValue(item, $"{path}[{i}]"))];
    }

    public ImmutableArray<string> Texts() => [.. List().Select(item => item.RequiredText())];

    public ImmutableDictionary<string, string> Map() =>
        Exists ? Members().ToImmutableDictionary(m => m.Key, m => m.Value.RequiredText(), StringComparer.Ordinal) : ImmutableDictionary<string, string>.Empty;

    public IEnumerable<(string Key, CaseValue Value)> Members()
    {
        string path = Path;
        return Object().Json.EnumerateObject().Select(p => (p.Name, new CaseValue(p.Value, $"{path}.{p.Name}")));
    }

    public string Text(string otherwise = "") => Exists ? RequiredText() : otherwise;

    public string RequiredText() => Json.ValueKind == JsonValueKind.String ? Json.GetString()! : throw Bad("text");

    public bool Flag(bool otherwise) => !Exists ? otherwise
        : Json.ValueKind is JsonValueKind.True or JsonValueKind.False ? Json.GetBoolean() : throw Bad("true or false");

    /// <summary>A whole number; 5.0 and 5e3 are whole too.</summary>
    public long Whole(long otherwise, long least = -MostWhole, long most = MostWhole)
    {
        decimal value = Number(otherwise);
        return value == decimal.Truncate(value) && value >= least && value <= most ? (long)value : throw Bad($"a whole number from {least} to {most}");
    }

    /// <summary>Cores, in thousandths.</summary>
    public long MilliCpus(long otherwise)
    {
        decimal cpus = Exists ? Number(0) : otherwise / 1000m;
        return Math.Abs(cpus) <= 1_000_000_000 ? (long)decimal.Truncate(cpus * 1000) : throw Bad("a number of cores");
    }

    public decimal Number(decimal otherwise) => !Exists ? otherwise
        : Json.ValueKind == JsonValueKind.Number && Json.TryGetDecimal(out decimal value) ? value : throw Bad("a number");

    public CaseFileException Bad(string expected) =>
        Wrong($"expected {expected}, found {(Exists ? Shorten(Json.GetRawText()) : "nothing")}");

    public CaseFileException Wrong(string problem) => new(OneLine($"{Path}: {problem}"));

    /// <summary>Names and values of a file may hold line breaks; a message does not.</summary>
    public static string OneLine(string text) => text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)) : text;

    private static string Shorten(string text) => text.Length > 60 ? text[..60] + "…" : text;
}
