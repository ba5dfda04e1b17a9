using System.Collections.Immutable;
using System.Text;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Ssh;

/// <summary>A key of ours that shall be in a user's file.</summary>
internal sealed record WishedKey(string Id, SshPublicKey Key);

/// <param name="MustKeepOne">Nobody else could mend this node over SSH: the last usable key stays.</param>
/// <param name="Forced">Ids of keys that may go nevertheless.</param>
internal sealed record KeepRule(bool MustKeepOne, ImmutableArray<string> Forced)
{
    public static KeepRule None { get; } = new(false, []);
}

/// <param name="Kept">Id of the key that should have gone and is the last usable one; null when all is as wished.</param>
/// <param name="Usable">Keys that let the user in, afterwards.</param>
internal sealed record KeyPlan(string Text, string? Kept, int Usable, ImmutableArray<string> Warnings);

/// <summary>Makes our keys in a file those that are wished: adds, replaces, removes. Lines without our mark stay as they are, byte by byte. Pure.</summary>
internal static class KeyPlanner
{
    public static KeyPlan Plan(string text, ImmutableArray<WishedKey> wished, KeepRule rule)
    {
        AuthorizedKeys before = AuthorizedKeys.Parse(text);
        HashSet<string> placed = new(StringComparer.Ordinal);
        List<KeyLine> lines = [];
        (int At, KeyLine Line)? last = null;
        foreach (KeyLine line in before.Lines)
        {
            KeyLine? kept = line.OwnId is { } id ? OwnLine(line, wished.FirstOrDefault(key => key.Id == id), placed) : line;
            if (kept is not null)
            {
                lines.Add(kept);
            }
            else if (line.IsUsable && !rule.Forced.Contains(line.OwnId!))
            {
                last = (lines.Count, line);
            }
        }

        List<string> warnings = [];
        AuthorizedKeys after = Added(new AuthorizedKeys([.. lines]), wished, placed, warnings);
        if (rule.MustKeepOne && after.Usable == 0 && last is var (at, saved))
        {
            after = new AuthorizedKeys(after.Lines.Insert(at, saved));
            return new KeyPlan(after.Render(), saved.OwnId, after.Usable, [.. warnings]);
        }

        return new KeyPlan(after.Render(), null, after.Usable, [.. warnings]);
    }

    /// <summary>The line as it shall be; null when it goes. Options that somebody put before a key of ours are left to them.</summary>
    private static KeyLine? OwnLine(KeyLine line, WishedKey? wish, HashSet<string> placed) =>
        wish is null || !placed.Add(wish.Id) ? null
        : line.Key!.IsSameAs(wish.Key) ? line
        : KeyLine.Parse(line.Options + Marked(wish), line.End);

    private static AuthorizedKeys Added(AuthorizedKeys file, ImmutableArray<WishedKey> wished, HashSet<string> placed, List<string> warnings)
    {
        foreach (WishedKey wish in wished.Where(wish => !placed.Contains(wish.Id)))
        {
            if (file.Lines.FirstOrDefault(line => line.Key?.IsSameAs(wish.Key) == true) is not { } present)
            {
                file = file.Append(Marked(wish));
            }
            else if (!present.IsUsable)
            {
                warnings.Add($"the key {wish.Id} is there already, by somebody else and with options; it is left so");
            }
        }

        return file;
    }

    private static string Marked(WishedKey wish) =>
        Encoding.Latin1.GetString(Encoding.UTF8.GetBytes($"{wish.Key.Line} {SshMarker.Prefix}{wish.Id}"));
}
