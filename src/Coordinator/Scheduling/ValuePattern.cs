using System.Text.RegularExpressions;

namespace RpiAgent.Coordinator.Scheduling;

/// <summary>What a value is compared with: text in which <c>*</c> is any run of characters, or an unanchored <c>/regular expression/</c>.</summary>
internal sealed class ValuePattern
{
    private readonly string _text;
    private readonly Regex? _regex;
    private readonly bool _literal;

    private ValuePattern(string text, Regex? regex, bool literal) => (_text, _regex, _literal) = (text, regex, literal);

    /// <summary>Neither star nor regular expression.</summary>
    public bool IsPlain => _regex is null && (_literal || !_text.Contains('*', StringComparison.Ordinal));

    /// <summary>A lone star under == means "has a value", see docs/decisions.</summary>
    public bool IsAnything => _regex is null && !_literal && _text == "*";

    public bool Matches(string actual) => _regex is not null ? _regex.IsMatch(actual) : _literal ? _text == actual : Glob(_text, actual);

    /// <summary><paramref name="column"/> is the 0-based place of the value in its expression, for messages.</summary>
    internal static bool TryCreate(string value, int column, bool literal, out ValuePattern pattern, out ExpressionError? error)
    {
        error = null;
        pattern = new(value, null, literal);
        if (value == "/")
        {
            error = new(value, column + 1, "a single slash is no value; a regular expression stands between two slashes");
        }
        else if (!literal && value.Length >= 2 && value[0] == '/' && value[^1] == '/')
        {
            Regex? regex = RegexTranslation.Compile(value[1..^1], out int at, out string problem);
            if (regex is null)
            {
                error = new(value, column + 2 + at, $"bad regular expression: {problem}");
            }
            else
            {
                pattern = new(value, regex, literal);
            }
        }
        return error is null;
    }

    /// <summary>Linear but for one level of backing up to the last star.</summary>
    private static bool Glob(string pattern, string text)
    {
        int p = 0, t = 0, star = -1, mark = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                (star, mark) = (p++, t);
            }
            else if (p < pattern.Length && pattern[p] == text[t])
            {
                p++;
                t++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                t = ++mark;
            }
            else
            {
                return false;
            }
        }
        return pattern.AsSpan(p).IndexOfAnyExcept('*') < 0;
    }
}
