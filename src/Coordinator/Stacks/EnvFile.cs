using System.Collections.Immutable;
using System.Text;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>
/// The lines of an env_file as Compose reads them: <c>KEY=value</c>, <c>export</c>, comments, single quotes (as written),
/// double quotes (escapes), variables in unquoted and double-quoted values. A key alone takes the client's value.
/// </summary>
internal sealed class EnvFile
{
    public const int MostCharacters = 256 * 1024;

    private readonly string _text;
    private readonly string _path;
    private readonly bool _raw;
    private readonly Interpolation _variables;
    private readonly Action<string> _problem;
    private readonly Dictionary<string, string> _scope = new(StringComparer.Ordinal);
    private int _at;
    private int _line = 1;

    private EnvFile(string text, string path, bool raw, Interpolation variables, Action<string> problem) =>
        (_text, _path, _raw, _variables, _problem) = (text.TrimStart('\uFEFF').ReplaceLineEndings("\n"), path, raw, variables, problem);

    /// <param name="raw">Compose's <c>format: raw</c>: nothing is unquoted or replaced.</param>
    /// <param name="problem">Gets <c>path:line: what is wrong</c>.</param>
    public static ImmutableArray<(string Key, string? Value)> Read(string text, string path, bool raw, Interpolation variables, Action<string> problem) =>
        new EnvFile(text, path, raw, variables, problem).Entries();

    private ImmutableArray<(string Key, string? Value)> Entries()
    {
        ImmutableArray<(string, string?)>.Builder entries = ImmutableArray.CreateBuilder<(string, string?)>();
        while (_at < _text.Length)
        {
            int number = _line;
            int start = _at;
            string line = NextLine().Trim();
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            if (!_raw && line.StartsWith("export ", StringComparison.Ordinal))
            {
                line = line["export ".Length..].TrimStart();
            }

            int cut = line.IndexOf('=', StringComparison.Ordinal);
            string key = (cut < 0 ? line : line[..cut]).Trim();
            if (key.Length == 0 || key.Any(c => char.IsWhiteSpace(c) || c is '"' or '\'' or '\0'))
            {
                Problem(number, $"'{(line.Length <= 20 ? line : $"{line[..20]}…")}' is not KEY=value");
                continue;
            }

            string? value = cut < 0 ? _variables.Lookup(key)
                : _raw ? line[(cut + 1)..]
                : Value(line[(cut + 1)..].TrimStart(), start, number);
            if (value is not null)
            {
                _scope[key] = value;
            }

            entries.Add((key, value));
        }

        return entries.ToImmutable();
    }

    private string NextLine()
    {
        int end = _text.IndexOf('\n', _at);
        string line = end < 0 ? _text[_at..] : _text[_at..end];
        _at = end < 0 ? _text.Length : end + 1;
        _line++;
        return line;
    }

    private string Value(string written, int lineStart, int number)
    {
        if (written.Length == 0 || written[0] is not ('"' or '\''))
        {
            int comment = written.IndexOf(" #", StringComparison.Ordinal);
            string plain = (comment < 0 ? written : written[..comment]).TrimEnd();
            return Expanded(plain.StartsWith('#') ? "" : plain, number);
        }

        // A quoted value may go on over several lines.
        char quote = written[0];
        int open = _text.IndexOf(quote, _text.IndexOf('=', lineStart)) + 1;
        int close = open;
        while (close < _text.Length && _text[close] != quote)
        {
            close += _text[close] == '\\' && quote == '"' ? 2 : 1;
        }

        if (close >= _text.Length)
        {
            Problem(number, "the quote is not closed");
            _at = _text.Length;
            return "";
        }

        string inside = _text[open..close];
        while (_at <= close)
        {
            _ = NextLine();
        }

        return quote == '\'' ? inside : Expanded(Unescaped(inside), number);
    }

    private string Expanded(string value, int number) => _variables.Expand(value, what => Problem(number, what), _scope);

    private void Problem(int line, string what) => _problem($"{_path}:{line}: {what}");

    private static string Unescaped(string text)
    {
        StringBuilder result = new();
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                result.Append(text[i]);
                continue;
            }

            char next = text[++i];
            result.Append(next switch
            {
                'n' => "\n",
                'r' => "\r",
                't' => "\t",
                '"' or '\\' => next.ToString(),
                '$' => "$$",
                _ => $"\\{next}",
            });
        }

        return result.ToString();
    }
}
