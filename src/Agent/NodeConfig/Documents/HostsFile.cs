using System.Text;
using System.Text.RegularExpressions;

namespace RpiAgent.Agent.NodeConfig.Documents;

/// <summary>hosts(5): only the line of 127.0.1.1, Debian's entry for the own host name, is ours.</summary>
internal static partial class HostsFile
{
    private const string OwnAddress = "127.0.1.1";

    /// <summary>The file with the new name where the old one was; the same bytes when it is there already.</summary>
    public static byte[] WithHostName(byte[] content, string oldName, string newName)
    {
        List<string> lines = [.. Encoding.Latin1.GetString(content).Split('\n')];
        int own = lines.FindIndex(line => AddressOf(line) == OwnAddress);
        if (own >= 0)
        {
            lines[own] = Rename(lines[own], oldName, newName);
        }
        else
        {
            int local = lines.FindLastIndex(line => AddressOf(line) == "127.0.0.1");
            int end = lines[^1].Length == 0 ? lines.Count - 1 : lines.Count;
            int at = local >= 0 ? local + 1 : end;
            lines.Insert(at, $"{OwnAddress}\t{newName}{(local >= 0 && lines[local].EndsWith('\r') ? "\r" : "")}");
            if (at == lines.Count - 1)
            {
                lines.Add("");
            }
        }

        return Encoding.Latin1.GetBytes(string.Join('\n', lines));
    }

    private static string Rename(string line, string oldName, string newName)
    {
        int comment = line.IndexOf('#', StringComparison.Ordinal);
        string entry = comment < 0 ? line : line[..comment];
        Match[] words = Words().Matches(entry).ToArray();
        Match[] names = words[1..];
        if (names.Any(name => name.Value == newName))
        {
            return line;
        }

        Match? old = names.FirstOrDefault(name => name.Value == oldName);
        if (old is not null)
        {
            string renamed = line[..old.Index] + newName + line[(old.Index + old.Length)..];
            Match? full = names.FirstOrDefault(name => name.Value.StartsWith(oldName + ".", StringComparison.Ordinal) && name.Index < old.Index);
            return full is null ? renamed : renamed[..full.Index] + newName + renamed[(full.Index + oldName.Length)..];
        }

        int after = words[0].Index + words[0].Length;
        return names.Length == 0 ? $"{line[..after]}\t{newName}{line[after..]}" : $"{line[..names[0].Index]}{newName} {line[names[0].Index..]}";
    }

    private static string? AddressOf(string line) => Words().Match(line) is { Success: true, Value: var first } && first[0] != '#' ? first : null;

    [GeneratedRegex(@"\S+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Words();
}
