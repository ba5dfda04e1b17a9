using System.Collections.Immutable;
using System.Text;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>
/// Replaces <c>$NAME</c> and <c>${NAME…}</c> in every value, as the Compose specification says
/// (<c>:-</c> <c>-</c> default, <c>:?</c> <c>?</c> required, <c>:+</c> <c>+</c> replacement, <c>$$</c> a dollar).
/// A variable nobody has asked the client for yet is asked for; one it does not have is a problem unless a default is given.
/// </summary>
internal sealed class Interpolation(DeployBundle bundle, ComposeReport report)
{
    private const int MostItems = 50_000;
    private const int MostCharacters = 4 * 1024 * 1024;
    private const int DeepestDefault = 10;
    private int _items;
    private int _characters;

    /// <returns>The tree with every value replaced, or null when its aliases unfold beyond all measure.</returns>
    public YamlMap? Apply(YamlMap root)
    {
        ImmutableArray<YamlEntry>.Builder entries = ImmutableArray.CreateBuilder<YamlEntry>();
        foreach (YamlEntry entry in root.Entries)
        {
            // Extension fields are only storage for anchors; what is used of them is reached through its alias.
            entries.Add(entry.Name.StartsWith("x-", StringComparison.Ordinal) ? entry : entry with { Value = Walk(entry.Value, entry.Name) });
            if (_items > MostItems || _characters > MostCharacters)
            {
                report.Problem(entry.Key.At, entry.Name, $"its aliases unfold to more than {MostItems} items or {MostCharacters >> 20} MiB");
                return null;
            }
        }

        return root with { Entries = entries.ToImmutable() };
    }

    /// <summary>Value of a variable, or null when the client does not have it or has not been asked yet.</summary>
    public string? Lookup(string name)
    {
        if (bundle.Variables.TryGetValue(name, out string? value))
        {
            return value;
        }

        if (!bundle.MissingVariables.Contains(name))
        {
            report.NeedVariable(name);
        }

        return null;
    }

    /// <param name="scope">Looked into before the client's variables (earlier lines of an env_file).</param>
    public string Expand(string text, Action<string> problem, IReadOnlyDictionary<string, string>? scope = null) =>
        text.Contains('$', StringComparison.Ordinal) ? new Template(this, text, scope, problem).Read(0, nested: false) : text;

    private YamlItem Walk(YamlItem item, string where)
    {
        if (++_items > MostItems || _characters > MostCharacters)
        {
            return item;
        }

        switch (item)
        {
            case YamlMap map:
                return map with { Entries = [.. map.Entries.Select(entry => entry with { Value = Walk(entry.Value, $"{where}.{entry.Name}") })] };
            case YamlList list:
                return list with { Items = [.. list.Items.Select(one => Walk(one, where))] };
            case YamlText text:
                string value = Expand(text.Value, problem => report.Problem(text.At, where, problem));
                _characters += value.Length;
                // What a variable gave is text, even when it is empty or reads "null".
                return ReferenceEquals(value, text.Value) ? text : text with { Value = value, Plain = text.Plain && value.Length > 0 };
            default:
                return item;
        }
    }

    private sealed class Template(Interpolation owner, string text, IReadOnlyDictionary<string, string>? scope, Action<string> problem)
    {
        private int _at;

        public string Read(int depth, bool nested)
        {
            StringBuilder result = new();
            while (_at < text.Length && !(nested && text[_at] == '}'))
            {
                char c = text[_at++];
                if (c != '$')
                {
                    result.Append(c);
                }
                else if (_at < text.Length && text[_at] == '$')
                {
                    _at++;
                    result.Append('$');
                }
                else
                {
                    result.Append(Variable(depth));
                }
            }

            return result.ToString();
        }

        private string Variable(int depth)
        {
            int start = _at - 1;
            bool braced = _at < text.Length && text[_at] == '{';
            _at += braced ? 1 : 0;
            int name = _at;
            while (_at < text.Length && (char.IsAsciiLetter(text[_at]) || text[_at] == '_' || (_at > name && char.IsAsciiDigit(text[_at]))))
            {
                _at++;
            }

            string key = text[name.._at];
            if (key.Length == 0 || depth > DeepestDefault)
            {
                return Bad(start);
            }

            string? value = scope is not null && scope.TryGetValue(key, out string? local) ? local : owner.Lookup(key);
            if (!braced)
            {
                return value ?? Unset(key);
            }

            string operation = Operator();
            if (operation.Length == 0)
            {
                return Close(start) ? value ?? Unset(key) : "";
            }

            bool present = operation[0] == ':' ? value is { Length: > 0 } : value is not null;
            if (present && operation[^1] != '+')
            {
                Skip();
                return Close(start) ? value! : "";
            }

            if (!present && operation[^1] == '+')
            {
                Skip();
                _ = Close(start);
                return "";
            }

            string word = Read(depth + 1, nested: true);
            if (!Close(start))
            {
                return "";
            }

            if (operation[^1] != '?')
            {
                return word;
            }

            if (!Asked(key))
            {
                problem($"the variable {key} is required: {(word.Length == 0 ? "it is not set" : word)}");
            }

            return "";
        }

        private string Operator()
        {
            int start = _at;
            if (_at < text.Length && text[_at] == ':')
            {
                _at++;
            }

            if (_at < text.Length && text[_at] is '-' or '?' or '+')
            {
                return text[start..++_at];
            }

            _at = start;
            return "";
        }

        /// <summary>Passes over a word that is not used, so that nothing in it is asked for.</summary>
        private void Skip()
        {
            for (int open = 0; _at < text.Length && !(open == 0 && text[_at] == '}'); _at++)
            {
                open += text[_at] == '{' && text[_at - 1] == '$' ? 1 : text[_at] == '}' ? -1 : 0;
            }
        }

        private bool Close(int start)
        {
            if (_at < text.Length && text[_at] == '}')
            {
                _at++;
                return true;
            }

            Bad(start);
            return false;
        }

        private string Bad(int start)
        {
            string rest = text[start..Math.Min(text.Length, start + 20)];
            problem($"'{rest}' is not a variable: write $NAME, ${{NAME}} or ${{NAME:-default}}, and $$ for a dollar sign");
            _at = text.Length;
            return "";
        }

        private string Unset(string key)
        {
            if (!Asked(key))
            {
                problem($"the variable {key} is not set: set it in the environment or in .env beside the file, or write ${{{key}:-default}}");
            }

            return "";
        }

        /// <summary>The client was asked for it just now; what is missing shows in the next round.</summary>
        private bool Asked(string key) => !owner.Known(key);
    }

    private bool Known(string name) => bundle.Variables.ContainsKey(name) || bundle.MissingVariables.Contains(name);
}
