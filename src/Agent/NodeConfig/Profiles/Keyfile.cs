using System.Collections.Immutable;
using System.Text;

namespace RpiAgent.Agent.NodeConfig.Profiles;

/// <summary>A keyfile of GLib, as NetworkManager keeps its profiles (nm-settings-keyfile(5)). What is not changed keeps its bytes; the last value of a key wins.</summary>
internal sealed record Keyfile(ImmutableArray<string> Lines)
{
    public static Keyfile Parse(byte[] content) =>
        new([.. Encoding.Latin1.GetString(content).Split('\n')]);

    public byte[] Render() => Encoding.Latin1.GetBytes(string.Join('\n', Lines));

    public string? this[string section, string key] => Entries().LastOrDefault(entry => entry.Section == section && entry.Key == key)?.Value;

    public IEnumerable<KeyfileEntry> Of(string section) => Entries().Where(entry => entry.Section == section);

    /// <summary>Replaces the key where it stands, or adds it at the end of its section, or the section at the end.</summary>
    public Keyfile With(string section, string key, string value)
    {
        string line = $"{key}={value}";
        KeyfileEntry? present = Of(section).LastOrDefault(entry => entry.Key == key);
        if (present is not null)
        {
            return present.Value == value ? this : new Keyfile(Lines.SetItem(present.Line, line));
        }

        int header = Enumerable.Range(0, Lines.Length).LastOrDefault(i => SectionOf(Lines[i]) == section, -1);
        if (header < 0)
        {
            string[] own = [.. Lines.Reverse().SkipWhile(text => text.Trim().Length == 0).Reverse()];
            return new Keyfile([.. own, .. own.Length > 0 ? [""] : Array.Empty<string>(), $"[{section}]", line, ""]);
        }

        int end = header + 1;
        while (end < Lines.Length && Lines[end].Trim().Length > 0 && SectionOf(Lines[end]) is null)
        {
            end++;
        }

        return new Keyfile(Lines.Insert(end, line));
    }

    public Keyfile Without(string section, Func<string, bool> isUnwanted)
    {
        HashSet<int> gone = [.. Of(section).Where(entry => isUnwanted(entry.Key)).Select(entry => entry.Line)];
        return new Keyfile([.. Lines.Where((_, i) => !gone.Contains(i))]);
    }

    public Keyfile WithoutSection(string section)
    {
        bool isIn = false;
        List<string> kept = [];
        foreach (string line in Lines)
        {
            isIn = SectionOf(line) is { } name ? name == section : isIn;
            if (!isIn)
            {
                kept.Add(line);
            }
        }

        return kept.Count == Lines.Length ? this : new Keyfile([.. kept.AsEnumerable().Reverse().SkipWhile(line => line.Trim().Length == 0).Reverse(), ""]);
    }

    private IEnumerable<KeyfileEntry> Entries()
    {
        string section = "";
        foreach ((int i, string line) in Lines.Index())
        {
            if (SectionOf(line) is { } name)
            {
                section = name;
                continue;
            }

            int equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && !line.TrimStart().StartsWith('#'))
            {
                yield return new KeyfileEntry(section, line[..equals].Trim(), line[(equals + 1)..].Trim(), i);
            }
        }
    }

    private static string? SectionOf(string line) => line.Trim() is ['[', .. var name, ']'] ? name : null;
}

/// <param name="Line">Index into the lines.</param>
internal sealed record KeyfileEntry(string Section, string Key, string Value, int Line);
