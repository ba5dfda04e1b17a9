using System.Collections.Immutable;
using System.Text;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace RpiAgent.Agent.Boot;

/// <summary>What a person wrote on the card: how this Pi finds and joins its cluster.</summary>
/// <param name="Hostname">Wished node name, or empty.</param>
/// <param name="CoordinatorUrl">https://host:port.</param>
internal sealed partial record BootFile(string Hostname, Uri CoordinatorUrl, string JoinToken)
{
    public const string FileName = "rpi-agent.yaml";
    private const int MaximumBytes = 64 * 1024;

    private static readonly ImmutableArray<string> KnownKeys = ["version", "hostname", "coordinator", "join_token"];
    private static readonly ImmutableArray<string> LaterKeys = ["wifi", "network", "ssh", "docker", "consul", "labels", "timezone", "ntp"];

    /// <exception cref="BootFileException">With file, line and remedy; all of the file is refused.</exception>
    public static BootFile Parse(ReadOnlySpan<byte> content, string path)
    {
        YamlMappingNode root = ReadMapping(content, path);
        string? version = null, hostname = null, token = null;
        Uri? url = null;
        foreach ((YamlNode keyNode, YamlNode value) in root.Children)
        {
            string key = Scalar(keyNode, path, "a key");
            switch (key)
            {
                case "version":
                    version = Scalar(value, path, key);
                    break;
                case "hostname":
                    hostname = Scalar(value, path, key);
                    break;
                case "join_token":
                    token = Scalar(value, path, key);
                    break;
                case "coordinator":
                    url = ReadCoordinator(value, path);
                    break;
                default:
                    throw Unknown(key, keyNode, path, KnownKeys);
            }
        }

        if (version is not "1")
        {
            throw new BootFileException($"{path}: 'version: 1' is missing or is another version; write 'version: 1' as the first line");
        }

        return new BootFile(
            hostname ?? "",
            url ?? throw new BootFileException($"{path}: 'coordinator:' with its 'url:' is missing; write the coordinator's address, e.g. url: https://192.168.1.2:7444"),
            token ?? throw new BootFileException($"{path}: 'join_token:' is missing; make one with 'rpictl token create'"));
    }

    /// <summary>The same bytes without the line of the join token; null when there is none. Latin-1 keeps every byte.</summary>
    public static byte[]? WithoutToken(ReadOnlySpan<byte> content)
    {
        string text = Encoding.Latin1.GetString(content);
        string scrubbed = TokenLine().Replace(text, "# join_token: used, and taken away by rpi-agent");
        return scrubbed == text ? null : Encoding.Latin1.GetBytes(scrubbed);
    }

    [GeneratedRegex("^join_token[ ]*:[^\\r\\n]*", RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex TokenLine();

    private static Uri ReadCoordinator(YamlNode node, string path)
    {
        if (node is not YamlMappingNode mapping)
        {
            throw At(node, path, "'coordinator' must hold 'url: https://ADDRESS:7444'");
        }

        Uri? url = null;
        foreach ((YamlNode keyNode, YamlNode value) in mapping.Children)
        {
            string key = Scalar(keyNode, path, "a key of coordinator");
            if (key != "url")
            {
                throw Unknown(key, keyNode, path, ["url"]);
            }

            string text = Scalar(value, path, "coordinator.url");
            if (!Uri.TryCreate(text, UriKind.Absolute, out url) || url.Scheme != Uri.UriSchemeHttps || url.PathAndQuery != "/")
            {
                throw At(value, path, $"coordinator.url '{text}' is not of the form https://ADDRESS:PORT");
            }
        }

        return url ?? throw At(node, path, "'coordinator' must hold 'url: https://ADDRESS:7444'");
    }

    private static YamlMappingNode ReadMapping(ReadOnlySpan<byte> content, string path)
    {
        if (content.Length > MaximumBytes)
        {
            throw new BootFileException($"{path}: larger than 64 KiB; this is not a boot file");
        }

        ReadOnlySpan<byte> text = content.StartsWith(Encoding.UTF8.Preamble) ? content[Encoding.UTF8.Preamble.Length..] : content;
        YamlStream stream = [];
        try
        {
            string decoded = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(text);
            RefuseTabs(decoded, path);
            using StringReader reader = new(decoded);
            stream.Load(reader);
        }
        catch (YamlException e)
        {
            throw new BootFileException($"{path}:{e.Start.Line}: {e.Message}", e);
        }
        catch (DecoderFallbackException e)
        {
            throw new BootFileException($"{path}: is not UTF-8 text; save it as UTF-8", e);
        }

        if (stream.Documents.Count != 1 || stream.Documents[0].RootNode is not YamlMappingNode root)
        {
            throw new BootFileException($"{path}:1: expected one list of 'key: value' lines");
        }

        if (root.AllNodes.FirstOrDefault(node => !node.Anchor.IsEmpty) is { } anchored)
        {
            throw At(anchored, path, "anchors are not allowed here; write the value out");
        }

        return root;
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

    private static string Scalar(YamlNode node, string path, string what) =>
        node is YamlScalarNode { Value: { } value } ? value : throw At(node, path, $"{what} must be one plain value");

    private static BootFileException Unknown(string key, YamlNode node, string path, ImmutableArray<string> known) =>
        LaterKeys.Contains(key)
            ? At(node, path, $"'{key}' is not supported by this version of rpi-agent; remove it")
            : At(node, path, $"unknown key '{key}'; did you mean '{known.MinBy(candidate => Distance(key, candidate))}'?");

    private static BootFileException At(YamlNode node, string path, string message) => new($"{path}:{node.Start.Line}: {message}");

    /// <summary>Levenshtein distance.</summary>
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int above = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[b.Length];
    }
}

/// <summary>The boot file cannot be used; the message says where and what to do.</summary>
internal sealed class BootFileException(string message, Exception? inner = null) : Exception(message, inner);
