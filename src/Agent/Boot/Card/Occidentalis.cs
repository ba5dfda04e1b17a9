using System.Collections.Immutable;
using System.Text;
using YamlDotNet.RepresentationModel;

namespace RpiAgent.Agent.Boot.Card;

/// <summary>
/// occidentalis.txt of Adafruit's occi 0.6: lines of <c>key=value</c> without blanks around the sign; the value is verbatim up to the
/// end of the line, later lines win, all other lines are nothing.
/// </summary>
internal static class Occidentalis
{
    public const string FileName = "occidentalis.txt";
    public const string Radio = "wlan0";

    /// <exception cref="BootFileException">What it says cannot be used.</exception>
    public static CardDraft Parse(ReadOnlySpan<byte> content, string path)
    {
        Dictionary<string, (string Text, CardNode Node)> values = new(StringComparer.Ordinal);
        ImmutableArray<string>.Builder ignored = ImmutableArray.CreateBuilder<string>();
        int number = 0;
        foreach (string line in CardYaml.Bytes(content, path).Replace("\r\n", "\n", StringComparison.Ordinal).Split('\n'))
        {
            number++;
            int sign = line.IndexOf('=', StringComparison.Ordinal);
            if (sign < 1 || !line.AsSpan(0, sign).ToString().All(c => char.IsAsciiLetter(c) || c == '_'))
            {
                continue;
            }

            string key = line[..sign].ToLowerInvariant();
            if (key is "hostname" or "wifi_ssid" or "wifi_password")
            {
                string text = line[(sign + 1)..];
                values[key] = (text, new CardNode(new YamlScalarNode(text), path, number));
            }
            else
            {
                ignored.Add($"{FileName}: '{key}' is ignored");
            }
        }

        (string Text, CardNode Node)? Value(string key) => values.TryGetValue(key, out (string Text, CardNode Node) value) && value.Text.Length > 0 ? value : null;
        LegacyValues read = new();
        CardRadio? radio = Value("wifi_ssid") is { } ssid
            ? read.Read(Radio, () => CardRadios.Make((Value("wifi_password") ?? ssid).Node, [.. Encoding.Latin1.GetBytes(ssid.Text)], Value("wifi_password")?.Text ?? "", isHidden: false))
            : null;
        return new CardDraft(FileName)
        {
            Hostname = Value("hostname") is { } name ? read.Read(CardDraft.HostnameKey, () => BootFile.ReadHostname(name.Node, isForeign: true)) : null,
            Radios = radio is null ? ImmutableSortedDictionary<string, CardRadio>.Empty : ImmutableSortedDictionary<string, CardRadio>.Empty.Add(Radio, radio),
            Refused = read.Refused,
            Ignored = ignored.ToImmutable(),
        };
    }
}
