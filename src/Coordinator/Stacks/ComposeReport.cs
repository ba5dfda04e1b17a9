using System.Collections.Immutable;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>Line and column of a YAML item, both from 1.</summary>
internal readonly record struct Place(int Line, int Column) : IComparable<Place>
{
    public int CompareTo(Place other) => Line != other.Line ? Line.CompareTo(other.Line) : Column.CompareTo(other.Column);
    public static bool operator <(Place left, Place right) => left.CompareTo(right) < 0;
    public static bool operator >(Place left, Place right) => left.CompareTo(right) > 0;
    public static bool operator <=(Place left, Place right) => left.CompareTo(right) <= 0;
    public static bool operator >=(Place left, Place right) => left.CompareTo(right) >= 0;
}

/// <summary>Gathers what is wrong with a Compose file, so that all of it can be said at once.</summary>
internal sealed class ComposeReport(string path)
{
    private const int Most = 100;
    private readonly SortedSet<(Place At, string Text)> _problems = [];
    private readonly SortedSet<(Place At, string Text)> _warnings = [];
    private readonly SortedSet<string> _files = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _variables = new(StringComparer.Ordinal);

    public bool Clean => _problems.Count == 0;
    public bool NeedsMore => _files.Count + _variables.Count > 0;
    public ImmutableArray<string> Warnings => Lines(_warnings);

    public void Problem(Place at, string where, string what) => _problems.Add((at, Join(where, what)));
    public void Warn(Place at, string where, string what) => _warnings.Add((at, Join(where, what)));
    public void NeedFile(string name) => _files.Add(name);
    public void NeedVariable(string name) => _variables.Add(name);

    public ComposeNeeds Needs() => new([.. _files], [.. _variables]);
    public ComposeRefused Refused() => new(Lines(_problems), Warnings);

    private static string Join(string where, string what) => where.Length == 0 ? what : $"{where}: {what}";

    private ImmutableArray<string> Lines(SortedSet<(Place At, string Text)> all)
    {
        IEnumerable<string> lines = all.Take(Most).Select(one => $"{path}:{one.At.Line}:{one.At.Column}: {one.Text}");
        return all.Count > Most ? [.. lines, $"{path}: and {all.Count - Most} more"] : [.. lines];
    }
}
