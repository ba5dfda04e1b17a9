using System.Collections.Frozen;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>The keys of one kind of mapping: which are read, which are refused with what to do instead, which only earn a notice.</summary>
internal sealed class KeySet(string[] read, (string Key, string Remedy)[] refused, (string Key, string Notice)[] noticed)
{
    private readonly FrozenSet<string> _read = read.ToFrozenSet(StringComparer.Ordinal);
    private readonly FrozenDictionary<string, string> _refused = refused.ToFrozenDictionary(one => one.Key, one => one.Remedy, StringComparer.Ordinal);
    private readonly FrozenDictionary<string, string> _noticed = noticed.ToFrozenDictionary(one => one.Key, one => one.Notice, StringComparer.Ordinal);

    public KeySet(params string[] read) : this(read, [], []) { }

    public void Check(YamlMap map, string where, ComposeReport report)
    {
        foreach (YamlEntry entry in map.Entries)
        {
            string at = where.Length == 0 ? entry.Name : $"{where}.{entry.Name}";
            if (_read.Contains(entry.Name) || entry.Name.StartsWith("x-", StringComparison.Ordinal))
            {
                continue;
            }

            if (_noticed.TryGetValue(entry.Name, out string? notice))
            {
                report.Warn(entry.Key.At, at, notice);
            }
            else if (_refused.TryGetValue(entry.Name, out string? remedy))
            {
                // `privileged: false` and `devices: []` ask for nothing.
                if (!AsksForNothing(entry.Value))
                {
                    report.Problem(entry.Key.At, at, $"not supported: {remedy}");
                }
            }
            else
            {
                string? near = Nearest.To(entry.Name, _read.Concat(_refused.Keys).Concat(_noticed.Keys));
                report.Problem(entry.Key.At, at, near is null ? "no such key here" : $"no such key here; did you mean '{near}'?");
            }
        }
    }

    private static bool AsksForNothing(YamlItem value) => value switch
    {
        YamlText text => text.IsNull || (text.Plain && text.Value is "false" or "False" or "FALSE"),
        YamlList list => list.Items.IsEmpty,
        YamlMap map => map.Entries.IsEmpty,
        _ => false,
    };
}

/// <summary>Finds the known word that a mistyped one most likely meant.</summary>
internal static class Nearest
{
    /// <returns>The closest candidate at most a third of its letters away, or null.</returns>
    public static string? To(string word, IEnumerable<string> candidates) => word.Length > 64
        ? null
        : candidates.Select(candidate => (candidate, Distance: Distance(word, candidate)))
            .Where(one => one.Distance <= Math.Max(1, one.candidate.Length / 3))
            .OrderBy(one => one.Distance).ThenBy(one => one.candidate, StringComparer.Ordinal)
            .Select(one => one.candidate).FirstOrDefault();

    /// <summary>Levenshtein distance, ignoring case and '-' against '_'.</summary>
    private static int Distance(string left, string right)
    {
        int[] row = [.. Enumerable.Range(0, right.Length + 1)];
        for (int i = 1; i <= left.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= right.Length; j++)
            {
                int change = diagonal + (Plain(left[i - 1]) == Plain(right[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(change, 1 + Math.Min(row[j], row[j - 1]));
            }
        }

        return row[^1];
    }

    private static char Plain(char c) => c == '-' ? '_' : char.ToLowerInvariant(c);
}
