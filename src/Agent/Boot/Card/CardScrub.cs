using System.Collections.Immutable;
using System.Text;

namespace RpiAgent.Agent.Boot.Card;

/// <summary>Takes secrets that have been used out of a file of the card. Pure; works on bytes, all else in the file stays.</summary>
internal static class CardScrub
{
    private const string Mark = "used, and taken away by rpi-agent";

    /// <returns>Null when there is nothing to take away.</returns>
    public static ScrubbedFile? Plan(CardFile file, bool legacyToo)
    {
        ImmutableArray<Secret> secrets = file.Name switch
        {
            BootFile.FileName => OfYaml(file, ["join_token"]),
            DeviceInit.FileName when legacyToo => OfYaml(file, []),
            Occidentalis.FileName when legacyToo => OfLines(file),
            _ => [],
        };
        if (secrets.IsEmpty)
        {
            return null;
        }

        byte[] filler = [.. file.Content];
        List<byte> without = [.. file.Content];
        foreach (Secret secret in secrets.OrderByDescending(one => one.From))
        {
            filler.AsSpan(secret.ValueFrom, secret.End - secret.ValueFrom).Fill((byte)'#');
            without.RemoveRange(secret.From, secret.End - secret.From);
            without.InsertRange(secret.From, Encoding.ASCII.GetBytes(secret.Instead));
        }

        return new ScrubbedFile(filler, [.. without]);
    }

    private static ImmutableArray<Secret> OfYaml(CardFile file, ImmutableArray<string> topKeys)
    {
        if (CardYaml.Load(file.Content, file.Name, isForeign: file.Name != BootFile.FileName) is not { } root)
        {
            return [];
        }

        string text = CardYaml.Text(file.Content, file.Name);
        int mark = file.Content.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;
        int Bytes(int characters) => mark + Encoding.UTF8.GetByteCount(text.AsSpan(0, characters));
        ImmutableArray<CardEntry> top = root.Entries("the file");
        IEnumerable<CardEntry> passwords = top.Where(entry => entry.Key == "wifi" && !entry.Value.IsEmpty).SelectMany(entry => entry.Value.Entries("wifi"))
            .Where(entry => entry.Key == "interfaces" && !entry.Value.IsEmpty).SelectMany(entry => entry.Value.Entries("wifi.interfaces"))
            .Where(entry => !entry.Value.IsEmpty).SelectMany(entry => entry.Value.Entries("a radio").Where(one => one.Key == "password"));
        return [.. top.Where(entry => topKeys.Contains(entry.Key)).Concat(passwords).Where(entry => !entry.Value.IsEmpty).Select(entry =>
        {
            (int from, int valueFrom, int end) = (entry.KeyNode.Span.Start, entry.Value.Span.Start, entry.Value.Span.End);
            bool isAlone = text.AsSpan(0, from).TrimEnd(' ') is var before && (before.IsEmpty || before[^1] is '\n' or '\r');
            if (isAlone && text.AsSpan(end).TrimStart(' ') is var after && (after.IsEmpty || after[0] is '\n' or '\r' or '#'))
            {
                // A line of its own, or several; with the comment behind it, which may hold the secret once more.
                int line = text.AsSpan(end).IndexOfAny('\r', '\n') is >= 0 and int rest ? end + rest : text.Length;
                return new Secret(Bytes(from), Bytes(valueFrom), Bytes(text[end - 1] is '\n' or '\r' ? end : line), $"# {entry.Key}: {Mark}{(text[end - 1] is '\n' ? "\n" : "")}");
            }

            // Among others in braces: with one of the commas beside it.
            int next = end + (text.Length - end - text.AsSpan(end).TrimStart().Length);
            if (next < text.Length && text[next] == ',')
            {
                int further = next + 1 + (text.Length - next - 1 - text.AsSpan(next + 1).TrimStart(' ').Length);
                return new Secret(Bytes(from), Bytes(valueFrom), Bytes(further), "");
            }

            int previous = text.AsSpan(0, from).TrimEnd().Length - 1;
            return new Secret(Bytes(previous >= 0 && text[previous] == ',' ? previous : from), Bytes(valueFrom), Bytes(end), "");
        })];
    }

    private static ImmutableArray<Secret> OfLines(CardFile file)
    {
        string text = Encoding.Latin1.GetString(file.Content);
        ImmutableArray<Secret>.Builder secrets = ImmutableArray.CreateBuilder<Secret>();
        const string key = "wifi_password=";
        for (int at = text.StartsWith("\u00EF\u00BB\u00BF", StringComparison.Ordinal) ? 3 : 0; at < text.Length;)
        {
            int end = text.IndexOf('\n', at) is >= 0 and int feed ? feed : text.Length;
            int last = end > at && text[end - 1] == '\r' ? end - 1 : end;
            if (last > at + key.Length && string.Compare(text, at, key, 0, key.Length, StringComparison.OrdinalIgnoreCase) == 0)
            {
                secrets.Add(new Secret(at, at + key.Length, last, $"# wifi_password {Mark}"));
            }

            at = end + 1;
        }

        return secrets.ToImmutable();
    }

    /// <summary>Byte offsets: what goes, and where in it the value begins that is filled over.</summary>
    private sealed record Secret(int From, int ValueFrom, int End, string Instead);
}

/// <param name="Filler">As long as the file was; every byte of a secret overwritten.</param>
/// <param name="Without">The file without the keys.</param>
internal sealed record ScrubbedFile(byte[] Filler, byte[] Without);
