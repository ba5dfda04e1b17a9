using System.Text;
using System.Text.RegularExpressions;

namespace RpiAgent.Coordinator.Scheduling;

/// <summary>Go's regular expressions (RE2, what classic Swarm used) as .NET's linear-time ones: no back references, no look-around.</summary>
internal sealed class RegexTranslation
{
    private readonly string _source;
    private readonly StringBuilder _target = new();
    private readonly Stack<int> _open = new();
    private int _at;
    private bool _multiline;

    private RegexTranslation(string source) => _source = source;

    /// <summary>Null with the 0-based place and the reason when it is not one.</summary>
    public static Regex? Compile(string source, out int at, out string problem)
    {
        RegexTranslation translation = new(source);
        (at, problem) = (0, "");
        try
        {
            translation.Run();
            return new Regex(translation._target.ToString(), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (BadPatternException bad)
        {
            (at, problem) = (bad.At, bad.Message);
        }
        catch (RegexParseException bad)
        {
            (at, problem) = (0, bad.Error.ToString());
        }
        catch (NotSupportedException)
        {
            problem = "too large";
        }
        return null;
    }

    private void Run()
    {
        // What a repetition would apply to: nothing, an atom, or something already repeated (then only a lazy '?' may follow).
        Operand operand = Operand.None;
        while (_at < _source.Length)
        {
            char c = _source[_at];
            switch (c)
            {
                case '*' or '+' or '?':
                    operand = Repeat(c, operand);
                    break;
                case '(':
                    operand = Open();
                    break;
                case ')':
                    if (!_open.TryPop(out _))
                    {
                        throw new BadPatternException(_at, "unexpected )");
                    }
                    _target.Append(')');
                    _at++;
                    operand = Operand.Atom;
                    break;
                case '|':
                    _target.Append('|');
                    _at++;
                    operand = Operand.None;
                    break;
                case '[':
                    _at = new RegexClass(_source, _at, _target).Translate();
                    operand = Operand.Atom;
                    break;
                case '\\':
                    _at = RegexEscape.Translate(_source, _at, _target, inClass: false);
                    operand = Operand.Atom;
                    break;
                default:
                    _target.Append(c switch
                    {
                        '$' => _multiline ? "(?:$)" : "(?:\\z)",
                        '^' => "(?:^)",
                        '.' => ".",
                        _ => Regex.Escape(c.ToString()),
                    });
                    _at++;
                    operand = Operand.Atom;
                    break;
            }
        }
        if (_open.TryPeek(out int open))
        {
            throw new BadPatternException(open, "missing closing )");
        }
    }

    private Operand Repeat(char c, Operand operand)
    {
        if (operand == Operand.Repeated && c == '?')
        {
            // Lazy or greedy: whether it matches is the same.
            _at++;
            return Operand.Lazy;
        }
        if (operand != Operand.Atom)
        {
            throw new BadPatternException(_at, operand == Operand.None ? $"nothing to repeat before {c}" : $"{c} after another repetition");
        }
        _target.Append(c);
        _at++;
        return Operand.Repeated;
    }

    private Operand Open()
    {
        int start = _at++;
        if (_at >= _source.Length || _source[_at] != '?')
        {
            _open.Push(start);
            _target.Append("(?:");
            return Operand.None;
        }
        int end = _source.AsSpan(_at + 1).IndexOfAnyExcept("imsU-");
        end = end < 0 ? _source.Length : _at + 1 + end;
        string flags = _source[(_at + 1)..end];
        char closing = end < _source.Length ? _source[end] : '\0';
        if (closing is not (':' or ')') || (flags.Length == 0 && closing == ')')
            || flags.EndsWith('-') || flags.Count(f => f == '-') > 1)
        {
            throw new BadPatternException(start, "unknown kind of group; (?:…) and the flags i, m, s, U exist");
        }
        _multiline |= flags.Split('-')[0].Contains('m', StringComparison.Ordinal);
        string kept = flags.Replace("U", "", StringComparison.Ordinal).TrimEnd('-');
        _at = end + 1;
        if (closing == ':')
        {
            _open.Push(start);
            _target.Append("(?").Append(kept).Append(':');
        }
        else if (kept.Length > 0)
        {
            _target.Append("(?").Append(kept).Append(')');
        }
        return Operand.None;
    }

    private enum Operand { None, Atom, Repeated, Lazy }
}

/// <summary>Thrown and caught inside the translation only.</summary>
internal sealed class BadPatternException : Exception
{
    public BadPatternException() { }
    public BadPatternException(string message) : base(message) { }
    public BadPatternException(string message, Exception inner) : base(message, inner) { }
    public BadPatternException(int at, string message) : base(message) => At = at;

    public int At { get; }
}
