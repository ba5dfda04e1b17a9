using System.Collections.Immutable;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>A YAML document as a tree that knows its places; aliases and merge keys are resolved.</summary>
internal abstract record YamlItem(Place At)
{
    /// <summary>For messages: what kind of thing this is.</summary>
    public abstract string Kind { get; }
}

/// <summary>A scalar. <paramref name="Plain"/>: written without quotes, so that null, true and numbers mean what they say.</summary>
internal sealed record YamlText(Place At, string Value, bool Plain) : YamlItem(At)
{
    public bool IsNull => Plain && Value is "" or "~" or "null" or "Null" or "NULL";
    public override string Kind => IsNull ? "nothing" : "a value";
}

internal sealed record YamlList(Place At, ImmutableArray<YamlItem> Items) : YamlItem(At)
{
    public override string Kind => "a list";
}

internal sealed record YamlMap(Place At, ImmutableArray<YamlEntry> Entries) : YamlItem(At)
{
    public override string Kind => "a mapping";
    public YamlEntry? Find(string key) => Entries.FirstOrDefault(entry => entry.Name == key);
}

internal sealed record YamlEntry(YamlText Key, YamlItem Value)
{
    public string Name => Key.Value;
}
