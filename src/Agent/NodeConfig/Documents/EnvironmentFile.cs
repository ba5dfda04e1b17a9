using System.Collections.Immutable;
using System.Text;

namespace RpiAgent.Agent.NodeConfig.Documents;

/// <summary>An EnvironmentFile= of systemd (systemd.exec(5)), kept byte for byte; the last assignment of a name wins.</summary>
internal sealed record EnvironmentFile(string Text, ImmutableArray<Assignment> Assignments)
{
    /// <exception cref="RefusalException">E_PARSE: a quotation mark that is not closed.</exception>
    public static EnvironmentFile Parse(ReadOnlySpan<byte> content, string path)
    {
        string text = Encoding.Latin1.GetString(content);
        ImmutableArray<Assignment>.Builder assignments = ImmutableArray.CreateBuilder<Assignment>();
        int i = 0;
        while (i < text.Length)
        {
            if (text[i] is ' ' or '\t' or '\r' or '\n')
            {
                i++;
                continue;
            }

            int equals = text.AsSpan(i).IndexOfAny('=', '\n') + i;
            if (text[i] is '#' or ';' || equals < i || text[equals] == '\n')
            {
                int end = text.IndexOf('\n', i);
                i = end < 0 ? text.Length : end;
                continue;
            }

            int start = i;
            string name = text[i..equals].TrimEnd();
            i = equals + 1;
            assignments.Add(new Assignment(name, ReadValue(text, ref i, path), start, i));
        }

        return new EnvironmentFile(text, assignments.ToImmutable());
    }

    public byte[] Render() => Encoding.Latin1.GetBytes(Text);

    public string? this[string name] => Last(name)?.Value;

    /// <summary>Number of the line of the last assignment of the name; 1 without one.</summary>
    public int LineOf(string name) => Text.AsSpan(0, Last(name)?.Start ?? 0).Count('\n') + 1;

    /// <summary>The comment directly above the last assignment of the name; empty when there is none.</summary>
    public string CommentAbove(string name) => Last(name) is { } last ? Text[StartWithComment(last, "")..last.Start].Trim() : "";

    /// <summary>The file with the last assignment of the name replaced, or one added at the end.</summary>
    /// <param name="mark">How the comment above it begins; one that begins so is replaced, too.</param>
    /// <param name="comment">Its words; without any there is none.</param>
    public byte[] With(string name, string value, string mark, string comment)
    {
        string lines = $"{(comment.Length > 0 ? $"{mark} {comment}\n" : "")}{name}=\"{Quotable(value)}\"";
        if (Last(name) is { } last)
        {
            int start = StartWithComment(last, mark);
            return Encoding.Latin1.GetBytes(Text[..start] + (FollowsOpenComment(start) ? "\n" : "") + lines + Text[last.End..]);
        }

        // A backslash at the end would swallow the line feed, and the new line with it.
        string end = Text.Length == 0 || Text.EndsWith('\n') ? "" : "\n";
        string gap = Text.TrimEnd('\n').EndsWith('\\') ? "\n" : "";
        return Encoding.Latin1.GetBytes($"{Text}{end}{gap}{lines}\n");
    }

    /// <summary>A comment before it ends in a backslash: to systemd before 254 the assignment is part of the comment, to later ones it is not.</summary>
    public bool IsDoubtful(string name) => Last(name) is { } last && FollowsOpenComment(last.Start);

    private static string Quotable(string value) =>
        string.Concat(value.Select(c => c is '"' or '\\' or '$' or '`' ? $"\\{c}" : $"{c}"));

    private Assignment? Last(string name) => Assignments.LastOrDefault(assignment => assignment.Name == name);

    /// <summary>Where the line above the assignment begins, if it is a comment that begins so; else where the assignment does.</summary>
    private int StartWithComment(Assignment assignment, string mark)
    {
        int feed = assignment.Start == 0 ? -1 : Text.LastIndexOf('\n', assignment.Start - 1);
        int start = feed <= 0 ? 0 : Text.LastIndexOf('\n', feed - 1) + 1;
        return feed >= 0 && Text.AsSpan(start, feed - start).TrimStart() is ['#' or ';', ..] line && line.StartsWith(mark) && !Assignments.Any(other => other.Start < start && other.End > start)
            ? start
            : assignment.Start;
    }

    private bool FollowsOpenComment(int position)
    {
        // Up from the line before: a comment, or what an earlier backslash made one.
        ReadOnlySpan<char> before = Text.AsSpan(0, position);
        int feed = before.LastIndexOf('\n');
        if (feed < 0 || !before[..feed].EndsWith("\\"))
        {
            return false;
        }

        ReadOnlySpan<char> line = before[(before[..feed].LastIndexOf('\n') + 1)..feed].TrimStart();
        return line is ['#' or ';', ..];
    }

    /// <summary>Leaves the position at the line feed that ends the value, or at the end.</summary>
    private static string ReadValue(string text, ref int i, string path)
    {
        StringBuilder value = new();
        bool isPlain = false;
        int keep = 0; // trailing blanks of an unquoted part are no part of the value
        for (; i < text.Length && text[i] != '\n'; i++)
        {
            char c = text[i];
            if (c is '\'' or '"' && !isPlain)
            {
                ReadQuoted(text, ref i, c, value, path);
                keep = value.Length;
            }
            else if (c == '\\')
            {
                isPlain = true;
                i++;
                if (i == text.Length)
                {
                    break;
                }

                if (text[i] != '\n')
                {
                    value.Append(text[i]);
                    keep = value.Length;
                }
            }
            else if (c is ' ' or '\t' or '\r')
            {
                value.Append(isPlain ? c : "");
            }
            else
            {
                isPlain = true;
                value.Append(c);
                keep = value.Length;
            }
        }

        value.Length = keep;
        return value.ToString();
    }

    /// <summary>From the opening quotation mark to the closing one.</summary>
    private static void ReadQuoted(string text, ref int i, char quote, StringBuilder value, string path)
    {
        int open = i;
        for (i++; i < text.Length && text[i] != quote; i++)
        {
            if (quote == '"' && text[i] == '\\' && i + 1 < text.Length)
            {
                i++;
                value.Append(text[i] switch
                {
                    '"' or '\\' or '$' or '`' => text[i].ToString(),
                    '\n' => "",
                    _ => $"\\{text[i]}",
                });
            }
            else
            {
                value.Append(text[i]);
            }
        }

        if (i >= text.Length)
        {
            string at = $"{path}:{text.AsSpan(0, open).Count('\n') + 1}";
            throw new RefusalException(new Refusal(RefusalCodes.Parse, at, $"{at}: the quotation mark {quote} is not closed; close it or remove it"));
        }
    }
}

/// <param name="Start">Index of the name in the text.</param>
/// <param name="End">Index after the value, at the line feed.</param>
internal sealed record Assignment(string Name, string Value, int Start, int End);
