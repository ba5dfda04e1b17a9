using System.Text;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace RpiAgent.Agent.Boot.Card;

/// <summary>Reads YAML as people may write it on a card: small, plain, without anchors, tags or tabs.</summary>
internal static partial class CardYaml
{
    public const int MaximumBytes = 64 * 1024;
    private const int MaximumDepth = 8;

    /// <summary>The file's octets as characters, without the byte order mark: of a file in no known encoding.</summary>
    /// <exception cref="BootFileException">Too large.</exception>
    public static string Bytes(ReadOnlySpan<byte> content, string path)
    {
        RefuseLarge(content, path);
        return Encoding.Latin1.GetString(content.StartsWith(Encoding.UTF8.Preamble) ? content[Encoding.UTF8.Preamble.Length..] : content);
    }

    /// <summary>The file's text without the byte order mark; line ends as they are.</summary>
    /// <exception cref="BootFileException">Too large, or not UTF-8.</exception>
    public static string Text(ReadOnlySpan<byte> content, string path)
    {
        RefuseLarge(content, path);
        try
        {
            string text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(content.StartsWith(Encoding.UTF8.Preamble) ? content[Encoding.UTF8.Preamble.Length..] : content);
            return text.Contains('\0', StringComparison.Ordinal) ? throw new BootFileException($"{path}: holds a zero byte; this is not text, save it as UTF-8") : text;
        }
        catch (DecoderFallbackException e)
        {
            throw new BootFileException($"{path}: is not UTF-8 text; save it as UTF-8", e);
        }
    }

    /// <param name="isForeign">Made for another program: a tab may be in a script there.</param>
    /// <returns>Null when the file says nothing at all.</returns>
    /// <exception cref="BootFileException">Where it breaks a rule.</exception>
    public static CardNode? Load(ReadOnlySpan<byte> content, string path, bool isForeign = false)
    {
        string text = Text(content, path);
        if (!isForeign)
        {
            RefuseSlips(text, path);
        }

        YamlStream stream = [];
        using StringReader reader = new(text);
        Parser parser = new(reader);
        try
        {
            RefuseTricks(text, path, isForeign);
            stream.Load(parser);
        }
        catch (YamlException e)
        {
            string words = (e.InnerException ?? e).Message.TrimEnd('.');
            string remedy = words.StartsWith("Duplicate key", StringComparison.Ordinal) ? "remove one of the two" : "expected 'key: value' lines; put a value with special characters in quotes";
            throw new BootFileException($"{path}:{e.Start.Line}: {words}; {remedy}", e);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            // On some input the library's scanner loses its place, and where a key is missing its parser loses count of keys and values.
            throw new BootFileException($"{path}:{parser.Current?.Start.Line ?? 1}: this is not YAML, here or above: expected 'key: value' lines", e);
        }

        return stream.Documents.Count switch
        {
            0 => null,
            1 when stream.Documents[0].RootNode is YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" } => null,
            1 when stream.Documents[0].RootNode is YamlMappingNode root => new CardNode(root, path),
            _ => throw new BootFileException($"{path}:1: expected one list of 'key: value' lines"),
        };
    }

    private static void RefuseLarge(ReadOnlySpan<byte> content, string path)
    {
        if (content.Length > MaximumBytes)
        {
            throw new BootFileException($"{path}: larger than 64 KiB; this is not a boot file");
        }
    }

    /// <summary>What is YAML, and not what its writer meant.</summary>
    private static void RefuseSlips(string text, string path)
    {
        int number = 0;
        foreach (ReadOnlySpan<char> line in text.EnumerateLines())
        {
            number++;
            if (line.TrimStart(' ').StartsWith('\t'))
            {
                throw new BootFileException($"{path}:{number}: a tab in the indentation; use blanks");
            }

            if (CommentInPassword().IsMatch(line))
            {
                throw new BootFileException($"{path}:{number}: behind ' #' all is a comment; put the password in quotes, or the comment on a line of its own");
            }
        }
    }

    [GeneratedRegex("^ *password *: +[^'\"|>#].* #", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex CommentInPassword();

    /// <summary>Before the tree is made, which is done by recursion.</summary>
    private static void RefuseTricks(string text, string path, bool isForeign)
    {
        using StringReader reader = new(text);
        Parser parser = new(reader);
        int depth = 0;
        while (parser.MoveNext())
        {
            ParsingEvent happened = parser.Current!;
            depth += happened.NestingIncrease;
            if (depth > MaximumDepth)
            {
                throw new BootFileException($"{path}:{happened.Start.Line}: nested too deep");
            }

            if (isForeign)
            {
                continue; // nothing is expanded here: an alias is the same node once more
            }

            if (happened is AnchorAlias || happened is NodeEvent { Anchor.IsEmpty: false })
            {
                throw new BootFileException($"{path}:{happened.Start.Line}: anchors are not allowed here; write the value out, in quotes if it begins with '&' or '*'");
            }

            if (happened is NodeEvent { Tag.IsEmpty: false })
            {
                throw new BootFileException($"{path}:{happened.Start.Line}: tags are not allowed here; write the plain value, in quotes if it begins with '!'");
            }
        }
    }
}
