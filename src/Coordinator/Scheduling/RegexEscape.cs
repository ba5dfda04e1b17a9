using System.Globalization;
using System.Text;

namespace RpiAgent.Coordinator.Scheduling;

/// <summary>What stands behind a backslash in RE2.</summary>
internal static class RegexEscape
{
    /// <summary>Appends the escape at <paramref name="at"/> (the backslash) and returns the place behind it.</summary>
    public static int Translate(string source, int at, StringBuilder target, bool inClass)
    {
        if (Single(source, at, out int next) is { } single)
        {
            target.Append("\\u").Append(((int)single).ToString("X4"));
            return next;
        }
        char c = source[at + 1];
        if (Set(c, inClass) is { } set)
        {
            target.Append(set);
            return at + 2;
        }
        if (c is 'p' or 'P' && at + 2 < source.Length && source[at + 2] is 'L' or 'M' or 'N' or 'P' or 'S' or 'Z' or 'C')
        {
            target.Append('\\').Append(c).Append('{').Append(source[at + 2]).Append('}');
            return at + 3;
        }
        if (!inClass && c is 'A' or 'z' or 'b' or 'B')
        {
            target.Append("(?:\\").Append(c).Append(')');
            return at + 2;
        }
        if (!inClass && c == 'Q')
        {
            int end = source.IndexOf("\\E", at + 2, StringComparison.Ordinal);
            string literal = source[(at + 2)..(end < 0 ? source.Length : end)];
            target.Append("(?:").Append(System.Text.RegularExpressions.Regex.Escape(literal)).Append(')');
            return end < 0 ? source.Length : end + 2;
        }
        throw new BadPatternException(at, char.IsAsciiDigit(c) ? "back references do not exist here" : $"unknown escape \\{c}");
    }

    /// <summary>The one character an escape stands for, or null when it stands for a set or a position.</summary>
    public static char? Single(string source, int at, out int next)
    {
        if (at + 1 >= source.Length)
        {
            throw new BadPatternException(at, "nothing behind the backslash");
        }
        char c = source[at + 1];
        next = at + 2;
        switch (c)
        {
            case 'a': return '\a';
            case 'f': return '\f';
            case 't': return '\t';
            case 'n': return '\n';
            case 'r': return '\r';
            case 'v': return '\v';
            case '0':
                int octal = 0;
                for (int digits = 0; digits < 2 && next < source.Length && source[next] is >= '0' and <= '7'; digits++, next++)
                {
                    octal = (octal * 8) + (source[next] - '0');
                }
                return (char)octal;
            case 'x':
                if (at + 4 <= source.Length
                    && byte.TryParse(source.AsSpan(at + 2, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte hex))
                {
                    next = at + 4;
                    return (char)hex;
                }
                throw new BadPatternException(at, "\\x is followed by two hexadecimal digits");
            default:
                return char.IsAsciiLetterOrDigit(c) ? null : c;
        }
    }

    private static string? Set(char c, bool inClass)
    {
        (string members, bool negated)? set = c switch
        {
            'd' => ("0-9", false),
            'D' => ("0-9", true),
            'w' => ("0-9A-Za-z_", false),
            'W' => ("0-9A-Za-z_", true),
            's' => ("\\t\\n\\f\\r ", false),
            'S' => ("\\t\\n\\f\\r ", true),
            _ => null,
        };
        return set is not { } known ? null
            : !inClass ? $"[{(known.negated ? "^" : "")}{known.members}]"
            : known.negated ? $"\\{c}" : known.members;
    }
}
