using System.Buffers;
using System.Collections.Immutable;

namespace RpiAgent.Protos;

/// <summary>Which labels a node may have: those that a placement expression can ask for. One rule for the coordinator and for its tools.</summary>
public static class NodeLabelRules
{
    private const int LongestPair = 1000;
    private static readonly ImmutableArray<string> BuiltIn = ["node", "storagedriver", "kernelversion", "operatingsystem", "ostype", "architecture", "role"];
    private static readonly SearchValues<char> KeyCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");
    private static readonly SearchValues<char> ValueCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:_- .*()?+[]\\^$|/");

    /// <returns>Null, or why not.</returns>
    public static string? Refuse(string key, string value)
    {
        if (BuiltIn.Contains(key))
        {
            return $"'{key}' is known from the node itself and cannot be set";
        }

        string? why = key.Length == 0 || key.AsSpan().ContainsAnyExcept(KeyCharacters) ? "its key takes letters, digits and _.-"
            : !(char.IsAsciiLetter(key[0]) || key[0] == '_') ? "its key begins with a letter"
            : key.Length + value.Length > LongestPair ? $"it is longer than {LongestPair} characters"
            : value.Length == 0 || value[0] == '/' ? "it needs a value that begins with a letter or digit" // a slash would begin a regular expression
            : value.AsSpan().IndexOfAnyExcept(ValueCharacters) is >= 0 and int at ? $"'{value[at]}' is not allowed in a value"
            : null;
        return why is null ? null : $"no expression could ask for the label {key}={value}: {why}";
    }
}
