using System.Text;

namespace RpiAgent.Coordinator.Scheduling;

/// <summary>A bracketed class of RE2: ranges, escapes and <c>[:alpha:]</c>. Everything literal is escaped, so .NET's class subtraction cannot arise.</summary>
internal sealed class RegexClass(string source, int start, StringBuilder target)
{
    private int _at = start + 1;

    /// <summary>Appends the class and returns the place behind it.</summary>
    public int Translate()
    {
        target.Append('[');
        if (_at < source.Length && source[_at] == '^')
        {
            target.Append('^');
            _at++;
        }
        for (bool first = true; ; first = false)
        {
            if (_at >= source.Length)
            {
                throw new BadPatternException(start, "missing closing ]");
            }
            if (source[_at] == ']' && !first)
            {
                target.Append(']');
                return _at + 1;
            }
            if (!Named() && !Item())
            {
                _at = RegexEscape.Translate(source, _at, target, inClass: true);
            }
        }
    }

    private bool Named()
    {
        if (!source.AsSpan(_at).StartsWith("[:"))
        {
            return false;
        }
        int end = source.IndexOf(":]", _at + 2, StringComparison.Ordinal);
        if (end < 0)
        {
            return false;
        }
        string? members = source[(_at + 2)..end] switch
        {
            "alnum" => "0-9A-Za-z",
            "alpha" => "A-Za-z",
            "ascii" => "\\x00-\\x7F",
            "blank" => "\\t ",
            "cntrl" => "\\x00-\\x1F\\x7F",
            "digit" => "0-9",
            "graph" => "!-~",
            "lower" => "a-z",
            "print" => " -~",
            "punct" => "!-/:-@\\[-`{-~",
            "space" => "\\t\\n\\v\\f\\r ",
            "upper" => "A-Z",
            "word" => "0-9A-Za-z_",
            "xdigit" => "0-9A-Fa-f",
            _ => null,
        };
        target.Append(members ?? throw new BadPatternException(_at, "unknown character class"));
        _at = end + 2;
        return true;
    }

    /// <summary>A character or a range of characters; false for an escape that stands for several.</summary>
    private bool Item()
    {
        int begin = _at;
        if (Character() is not { } low)
        {
            return false;
        }
        if (_at + 1 < source.Length && source[_at] == '-' && source[_at + 1] != ']')
        {
            int dash = _at++;
            if (Character() is { } high)
            {
                if (high < low)
                {
                    throw new BadPatternException(begin, "the range runs backwards");
                }
                Append(low);
                target.Append('-');
                Append(high);
                return true;
            }
            _at = dash;
        }
        Append(low);
        return true;
    }

    private char? Character()
    {
        if (source[_at] != '\\')
        {
            return source[_at++];
        }
        if (RegexEscape.Single(source, _at, out int next) is { } single)
        {
            _at = next;
            return single;
        }
        return null;
    }

    private void Append(char c) => target.Append("\\u").Append(((int)c).ToString("X4"));
}
