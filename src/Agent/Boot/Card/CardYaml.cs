using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace RpiAgent.Agent.Boot.Card;

/// <summary>Reads YAML as people may write it on a card: small, plain, without anchors, tags or tabs.</summary>
internal static class CardYaml
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
            RefuseTabs(text, path);
        }

        YamlStream stream = [];
        using StringReader reader = new(text);
        Parser parser = new(reader);
        try
        {
            RefuseTricks(text, path);
            stream.Load(parser);
        }
        catch (YamlException e)
        {
            throw new BootFileException($"{path}:{e.Start.Line}: {(e.InnerException ?? e).Message}", e);
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

    private static void RefuseTabs(string text, string path)
    {
        int number = 0;
        foreach (ReadOnlySpan<char> line in text.EnumerateLines())
        {
            number++;
            if (line.TrimStart(' ').StartsWith('\t'))
            {
                throw new BootFileException($"{path}:{number}: a tab in the indentation; use blanks");
            }
        }
    }

    /// <summary>Before the tree is made, which is done by recursion.</summary>
    private static void RefuseTricks(string text, string path)
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

            if (happened is AnchorAlias || happened is NodeEvent { Anchor.IsEmpty: false })
            {
                throw new BootFileException($"{path}:{happened.Start.Line}: anchors are not allowed here; write the value out");
            }

            if (happened is NodeEvent { Tag.IsEmpty: false })
            {
                throw new BootFileException($"{path}:{happened.Start.Line}: tags are not allowed here; write the plain value, in quotes if it begins with '!'");
            }
        }
    }
}
