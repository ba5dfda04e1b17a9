using System.Text.RegularExpressions;

namespace RpiAgent.Coordinator.Cli;

/// <summary>
/// What a Compose file itself names. A coordinator that asks for anything else is not obeyed: it would read the operator's files and
/// environment.
/// </summary>
internal static partial class ComposeWords
{
    private const int DeepestDefault = 10;

    /// <summary>Whether the path of an env_file stands in the text, as it is or once its variables are filled in.</summary>
    /// <param name="variable">The value that a variable has for the operator, or null.</param>
    public static bool NameFile(string compose, string path, Func<string, string?> variable) =>
        Has(compose, path, IsOfPath) || Has(Filled(compose, variable), path, IsOfPath);

    /// <summary>Whether a variable stands in one of the texts.</summary>
    public static bool NameVariable(IEnumerable<string> texts, string name) =>
        texts.Any(text => Has(text, name, c => char.IsAsciiLetterOrDigit(c) || c == '_'));

    /// <param name="goesOn">Whether a word does not end before, or begin after, this character.</param>
    private static bool Has(string text, string word, Func<char, bool> goesOn)
    {
        for (int at = word.Length == 0 ? -1 : text.IndexOf(word, StringComparison.Ordinal); at >= 0; at = text.IndexOf(word, at + 1, StringComparison.Ordinal))
        {
            int end = at + word.Length;
            if ((at == 0 || !goesOn(text[at - 1])) && (end == text.Length || !goesOn(text[end])))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsOfPath(char c) => !char.IsWhiteSpace(c) && !"'\"[]{},".Contains(c);

    /// <summary>Inner defaults first.</summary>
    private static string Filled(string text, Func<string, string?> variable)
    {
        for (int depth = 0; depth < DeepestDefault; depth++)
        {
            string next = Variables().Replace(text, found => Value(found, variable));
            if (next == text)
            {
                break;
            }

            text = next;
        }

        return text;
    }

    private static string Value(Match found, Func<string, string?> variable)
    {
        string? value = variable(found.Groups["name"].Value);
        bool isGiven = found.Groups["colon"].Success ? !string.IsNullOrEmpty(value) : value is not null;
        string operand = found.Groups["operand"].Value;
        return found.Groups["kind"].Value switch
        {
            "-" when !isGiven => operand,
            "+" => isGiven ? operand : "",
            _ => value ?? "",
        };
    }

    [GeneratedRegex(@"\$(?:(?<name>[A-Za-z_][A-Za-z0-9_]*)|\{(?<name>[A-Za-z_][A-Za-z0-9_]*)(?:(?<colon>:)?(?<kind>[-+?])(?<operand>[^${}]*))?\})",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Variables();
}
