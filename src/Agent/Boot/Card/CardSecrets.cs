using System.Collections.Immutable;
using System.Text;
using System.Text.RegularExpressions;
using RpiAgent.Identity;

namespace RpiAgent.Agent.Boot.Card;

/// <summary>Finds the secrets of a used card in the bytes of its files.</summary>
internal static partial class CardSecrets
{
    private const string Mark = "used, and taken away by rpi-agent";
    private const string TokenKey = "join_token", PasswordKey = "password";

    /// <exception cref="BootFileException">The file is not what it should be.</exception>
    public static ImmutableArray<CardSecret> OfYaml(CardFile file, UsedCard used)
    {
        if (CardYaml.Load(file.Content, file.Name, isForeign: file.Name != BootFile.FileName) is not { } root)
        {
            return [];
        }

        YamlBytes text = new(file);
        ImmutableArray<CardEntry> top = root.Entries("the file");
        IEnumerable<CardEntry> tokens = top.Where(entry => file.Name == BootFile.FileName && entry.Key == TokenKey && !entry.Value.IsScalar(value => IsOther(value, used)));
        IEnumerable<CardEntry> passwords = top.Where(entry => entry.Key == "wifi" && !entry.Value.IsEmpty).SelectMany(entry => entry.Value.Entries("wifi"))
            .Where(entry => entry.Key == "interfaces" && !entry.Value.IsEmpty).SelectMany(entry => entry.Value.Entries("wifi.interfaces"))
            .Where(entry => used.Radios.Contains(entry.Key) && !entry.Value.IsEmpty).SelectMany(entry => entry.Value.Entries("a radio").Where(one => one.Key == PasswordKey));
        return [.. tokens.Concat(passwords).Where(entry => !entry.Value.IsEmpty).Select(entry => text.Secret(entry, $"# {entry.Key}: {Mark}"))];
    }

    /// <summary>Of occidentalis.txt.</summary>
    public static ImmutableArray<CardSecret> OfLines(CardFile file) =>
        [.. PasswordLine().Matches(Encoding.Latin1.GetString(file.Content)).Select(line => New(line.Groups["line"], line.Groups["value"], $"# wifi_password {Mark}"))];

    /// <summary>Of a rpi-agent.yaml that is no YAML.</summary>
    public static ImmutableArray<CardSecret> OfTokenLines(CardFile file, UsedCard used) =>
        [.. TokenLine().Matches(Encoding.Latin1.GetString(file.Content)).Where(line => !IsOther(line.Groups["value"].Value, used)).Select(line => New(line.Groups["line"], line.Groups["value"], $"# {TokenKey}: {Mark}"))];

    /// <summary>The token wherever it stands, in a comment too, and what is left of one that was half overwritten.</summary>
    public static IEnumerable<CardSecret> OfTokenText(byte[] content, UsedCard used) =>
        TokenText().Matches(Encoding.Latin1.GetString(content)).Where(text => !IsOther(text.Value, used)).Select(text => New(text, text, ""));

    public static bool Holds(byte[] content, UsedCard used) =>
        TokenText().Matches(Encoding.Latin1.GetString(content)).Any(text => JoinToken.TryParse(text.Value, out JoinToken? token, out _) && token.Hash == used.TokenHash);

    /// <summary>A whole token that was not used.</summary>
    private static bool IsOther(string value, UsedCard used) =>
        JoinToken.TryParse(value.Trim(' ', '\'', '"'), out JoinToken? token, out _) && token.Hash != used.TokenHash;

    private static CardSecret New(Group whole, Group value, string instead) =>
        new(whole.Index, whole.Index + whole.Length, [new Range(value.Index, value.Index + value.Length)], instead);

    [GeneratedRegex("^(?:\\u00EF\\u00BB\\u00BF)?(?<line>wifi_password=(?<value>[^\\n]*[^\\r\\n]))", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex PasswordLine();

    [GeneratedRegex("^(?<line> *['\"]?join_token['\"]? *:(?<value>[^\\r\\n]*))", RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex TokenLine();

    /// <summary>Some of its characters may be dots already; so many that they are a row are a leftover whatever is around.</summary>
    [GeneratedRegex("[rpi1.]{0,5}[0-9a-f.]{64}\\.[A-Za-z0-9_.-]{43}|[A-Za-z0-9_.-]*\\.{4}[A-Za-z0-9_.-]*", RegexOptions.NonBacktracking)]
    private static partial Regex TokenText();
}

/// <summary>Byte offsets of what goes out of a file.</summary>
/// <param name="Parts">What of it is overwritten first.</param>
internal sealed record CardSecret(int From, int End, ImmutableArray<Range> Parts, string Instead);
