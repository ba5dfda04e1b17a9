using System.Text;

namespace RpiAgent.Agent.NodeConfig.Interfaces;

/// <summary>
/// wordexp(3) as ifupdown calls it for <c>source</c> lines: quotes, <c>~</c> and variables, but never a command.
/// Variables are empty, as they are at boot.
/// </summary>
internal static class WordExpansion
{
    private const string Forbidden = "|&;<>(){}\n";
    private static readonly System.Buffers.SearchValues<char> NameCharacters = System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

    /// <param name="isUnclear">wordexp may make something of it, but we do not know what.</param>
    /// <returns>Patterns for <see cref="Glob"/> (quoted wildcards are escaped), or null where wordexp fails and the line has no effect.</returns>
    public static IReadOnlyList<string>? Expand(string text, out bool isUnclear)
    {
        isUnclear = false;
        List<string> words = [];
        StringBuilder word = new();
        bool started = false;
        char quote = '\0';
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == '`' && quote != '\'')
            {
                return null;
            }

            if (c == '$' && quote != '\'')
            {
                isUnclear = IsExpression(text, i + 1);
                if (isUnclear || SkipVariable(text, ref i) is not { } literal)
                {
                    return null;
                }

                word.Append(literal);
                started |= literal.Length > 0;
            }
            else if (c == quote)
            {
                quote = '\0';
            }
            else if (quote == '\0' && c is '"' or '\'')
            {
                quote = c;
                started = true;
            }
            else if (c == '\\' && quote != '\'')
            {
                if (++i == text.Length)
                {
                    return null;
                }

                AppendLiteral(word, text[i]);
                started = true;
            }
            else if (quote != '\0')
            {
                AppendLiteral(word, c);
            }
            else if (c is ' ' or '\t')
            {
                Finish(words, word, ref started);
            }
            else if (Forbidden.Contains(c, StringComparison.Ordinal))
            {
                return null;
            }
            else
            {
                word.Append(c == '~' && !started && (i + 1 == text.Length || text[i + 1] == '/') ? "/root" : c.ToString());
                started = true;
            }
        }

        Finish(words, word, ref started);
        return quote == '\0' ? words : null;
    }

    private static void Finish(List<string> words, StringBuilder word, ref bool started)
    {
        if (started)
        {
            words.Add(word.ToString());
        }

        word.Clear();
        started = false;
    }

    private static void AppendLiteral(StringBuilder word, char c) => word.Append(c is '*' or '?' or '[' or '\\' ? "\\" : "").Append(c);

    /// <summary><c>$((1+1))</c>, and <c>${X:-a}</c> or <c>${#X}</c>, which have more than a name between the braces.</summary>
    private static bool IsExpression(string text, int next) => text.AsSpan(next) switch
    {
        ['(', '(', ..] => true,
        ['{', .. var rest] => rest.IndexOf('}') is > 0 and var close && rest[..close].ContainsAnyExcept(NameCharacters),
        _ => false,
    };

    /// <returns>What the dollar stands for, or null for a command substitution.</returns>
    private static string? SkipVariable(string text, ref int i)
    {
        int next = i + 1;
        if (next == text.Length)
        {
            return "$";
        }

        if (text[next] == '{')
        {
            int close = text.IndexOf('}', next);
            i = close;
            return close > next + 1 ? "" : null;
        }

        int end = next;
        while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] == '_'))
        {
            end++;
        }

        if (end == next)
        {
            return text[next] == '(' ? null : "$";
        }

        i = end - 1;
        return "";
    }
}
