using System.Collections.Immutable;
using System.Globalization;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>One mapping being read: asks for values by key and type, and reports what is not of that type, with its place.</summary>
internal sealed class Section
{
    private readonly YamlMap _map;

    public Section(YamlMap map, string where, ComposeReport report, KeySet keys)
    {
        (_map, Where, Report) = (map, where, report);
        keys.Check(map, where, report);
    }

    public string Where { get; }
    public ComposeReport Report { get; }
    public Place At => _map.At;

    /// <summary>Place of a key, or of the mapping when the key is not there.</summary>
    public Place PlaceOf(string key) => _map.Find(key)?.Key.At ?? _map.At;

    public void Problem(string key, string what) => Report.Problem(_map.Find(key)?.Value.At ?? _map.At, Path(key), what);
    public void Warn(string key, string what) => Report.Warn(PlaceOf(key), Path(key), what);

    public bool Has(string key) => _map.Find(key) is { Value: not YamlText { IsNull: true } };

    /// <summary>The value, or null when absent or empty.</summary>
    public YamlItem? Item(string key) => Has(key) ? _map.Find(key)!.Value : null;

    public YamlText? Scalar(string key) => As<YamlText>(key, "a value");

    public string? Text(string key) => Scalar(key)?.Value;

    public YamlList? List(string key) => As<YamlList>(key, "a list");

    public YamlMap? Map(string key) => As<YamlMap>(key, "a mapping");

    /// <summary>A mapping below, opened with its own keys.</summary>
    public Section? Open(string key, KeySet keys) => Map(key) is { } map ? new Section(map, Path(key), Report, keys) : null;

    public bool? Flag(string key) => Scalar(key) is not { } text ? null : text.Value switch
    {
        "true" or "True" or "TRUE" or "yes" or "on" => true,
        "false" or "False" or "FALSE" or "no" or "off" => false,
        _ => Wrong<bool?>(key, $"'{text.Value}' is neither true nor false"),
    };

    public int? Whole(string key, int least = 0) => Scalar(key) is not { } text ? null
        : int.TryParse(text.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) && number >= least ? number
        : Wrong<int?>(key, $"'{text.Value}' is not a whole number from {least}");

    public TimeSpan? Duration(string key) => Scalar(key) is not { } text ? null
        : ComposeValues.Duration(text.Value) ?? Wrong<TimeSpan?>(key, $"'{text.Value}' is not a duration like 30s, 1m30s or 500ms");

    public long? Bytes(string key) => Scalar(key) is not { } text ? null
        : ComposeValues.Bytes(text.Value) ?? Wrong<long?>(key, $"'{text.Value}' is not a size like 512m, 1g or 67108864");

    /// <summary>CPUs in thousandths.</summary>
    public long? MilliCpus(string key) => Scalar(key) is not { } text ? null
        : ComposeValues.MilliCpus(text.Value) ?? Wrong<long?>(key, $"'{text.Value}' is not a number of CPUs like 0.5 or 2");

    /// <summary>A list of values.</summary>
    public ImmutableArray<YamlText> Texts(string key) => List(key) is { } list ? Texts(key, list) : [];

    /// <summary>One value or a list of them.</summary>
    public ImmutableArray<YamlText> TextOrTexts(string key) => Item(key) switch
    {
        null => [],
        YamlText text => [text],
        YamlList list => Texts(key, list),
        YamlItem other => Wrong<ImmutableArray<YamlText>?>(key, $"{other.Kind}, where a value or a list is wanted", other.At) ?? [],
    };

    /// <summary><c>{KEY: value}</c> or <c>[KEY=value]</c>; the value is null when none is written.</summary>
    public ImmutableArray<(string Key, string? Value, Place At)> Pairs(string key)
    {
        switch (Item(key))
        {
            case null:
                return [];
            case YamlList list:
                return [.. Texts(key, list).Select(text => text.Value.IndexOf('=', StringComparison.Ordinal) is >= 0 and int cut
                    ? (text.Value[..cut], text.Value[(cut + 1)..], text.At) : (text.Value, (string?)null, text.At))];
            case YamlMap map:
                foreach (YamlEntry entry in map.Entries.Where(entry => entry.Value is not YamlText))
                {
                    Report.Problem(entry.Value.At, $"{Path(key)}.{entry.Name}", $"{entry.Value.Kind}, where a value is wanted");
                }

                return [.. map.Entries.Where(entry => entry.Value is YamlText)
                    .Select(entry => (entry.Name, entry.Value is YamlText { IsNull: false } text ? text.Value : null, entry.Key.At))];
            default:
                Problem(key, "a value, where a mapping or a list of KEY=value is wanted");
                return [];
        }
    }

    public string Path(string key) => Where.Length == 0 ? key : $"{Where}.{key}";

    private ImmutableArray<YamlText> Texts(string key, YamlList list)
    {
        foreach (YamlItem item in list.Items.Where(item => item is not YamlText { IsNull: false }))
        {
            Report.Problem(item.At, Path(key), $"{item.Kind}, where a value is wanted");
        }

        return [.. list.Items.OfType<YamlText>().Where(text => !text.IsNull)];
    }

    private T? As<T>(string key, string wanted) where T : YamlItem => Item(key) switch
    {
        null => null,
        T item => item,
        YamlItem other => Wrong<T?>(key, $"{other.Kind}, where {wanted} is wanted", other.At),
    };

    private T? Wrong<T>(string key, string what, Place? at = null)
    {
        Report.Problem(at ?? _map.Find(key)?.Value.At ?? _map.At, Path(key), what);
        return default;
    }
}
