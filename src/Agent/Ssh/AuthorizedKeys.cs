using System.Collections.Immutable;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Ssh;

/// <summary>
/// An authorized_keys file without loss: <c>Render(Parse(x)) == x</c>. Each character stands for one byte (ISO 8859-1), since comments may
/// be in any encoding. See AUTHORIZED_KEYS FILE FORMAT in sshd(8).
/// </summary>
internal sealed record AuthorizedKeys(ImmutableArray<KeyLine> Lines)
{
    public static AuthorizedKeys Parse(string text)
    {
        ImmutableArray<KeyLine>.Builder lines = ImmutableArray.CreateBuilder<KeyLine>();
        for (int start = 0; start < text.Length;)
        {
            int newline = text.IndexOf('\n', start);
            int next = newline < 0 ? text.Length : newline + 1;
            int end = newline < 0 ? text.Length : newline > start && text[newline - 1] == '\r' ? newline - 1 : newline;
            lines.Add(KeyLine.Parse(text[start..end], text[end..next]));
            start = next;
        }

        return new AuthorizedKeys(lines.ToImmutable());
    }

    public string Render() => string.Concat(Lines.Select(line => line.Text + line.End));

    /// <summary>How many keys let their owner in and do work.</summary>
    public int Usable => Lines.Count(line => line.IsUsable);

    /// <summary>Behind the last line, which gets an end if it has none.</summary>
    public AuthorizedKeys Append(string text)
    {
        string end = Lines.LastOrDefault() is { End: "\r\n" } ? "\r\n" : "\n";
        ImmutableArray<KeyLine> before = Lines is [.., { End: "" } last] ? Lines.SetItem(Lines.Length - 1, last with { End = end }) : Lines;
        return new AuthorizedKeys(before.Add(KeyLine.Parse(text, end)));
    }
}

/// <summary>One line.</summary>
/// <param name="End">Its line end, empty for a last line without.</param>
/// <param name="Options">What stands before the key, with the blanks behind it.</param>
/// <param name="Key">Null for comments, empty lines and whatever sshd would not take.</param>
internal sealed record KeyLine(string Text, string End, string Options, SshPublicKey? Key)
{
    private const int LeastRsaBitsOfSshd = 1024;

    /// <summary>Options that leave its owner able to log in and run commands.</summary>
    private static readonly string[] Harmless =
    [
        "agent-forwarding", "environment", "no-agent-forwarding", "no-port-forwarding", "no-touch-required", "no-user-rc", "no-x11-forwarding", "permitlisten",
        "permitopen", "port-forwarding", "pty", "user-rc", "x11-forwarding",
    ];

    /// <summary>Whose it is: the id of our mark; null when it is not ours.</summary>
    public string? OwnId => Key is null ? null : SshMarker.IdOf(Key.Comment);

    public bool IsUsable => Key is { RsaBits: 0 or >= LeastRsaBitsOfSshd } && KeyOptions.Names(Options).All(name => Harmless.Contains(name));

    public static KeyLine Parse(string text, string end)
    {
        int start = Skip(text, 0);
        if (start == text.Length || text[start] == '#')
        {
            return new KeyLine(text, end, "", null);
        }

        if (ReadKey(text, start) is { } plain)
        {
            return new KeyLine(text, end, text[..start], plain);
        }

        int behind = Skip(text, KeyOptions.EndOf(text, start));
        return ReadKey(text, behind) is { } key ? new KeyLine(text, end, text[..behind], key) : new KeyLine(text, end, "", null);
    }

    private static SshPublicKey? ReadKey(string text, int start)
    {
        int typeEnd = WordEnd(text, start);
        int blobStart = Skip(text, typeEnd);
        int blobEnd = WordEnd(text, blobStart);
        int commentStart = Skip(text, blobEnd);
        return SshPublicKey.TryCreate(text[start..typeEnd], text[blobStart..blobEnd], text[commentStart..], out SshPublicKey? key) ? key : null;
    }

    private static int Skip(string text, int at)
    {
        while (at < text.Length && text[at] is (' ' or '\t'))
        {
            at++;
        }

        return at;
    }

    private static int WordEnd(string text, int at)
    {
        while (at < text.Length && text[at] is not (' ' or '\t'))
        {
            at++;
        }

        return at;
    }
}
