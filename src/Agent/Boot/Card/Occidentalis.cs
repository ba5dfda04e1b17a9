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
        Dictionary<string, string> values = new(StringComparer.Ordinal);
        ImmutableArray<string>.Builder ignored = ImmutableArray.CreateBuilder<string>();
        foreach (string line in CardYaml.Bytes(content, path).Replace("\r\n", "\n", StringComparison.Ordinal).Split('\n'))
        {
            int sign = line.IndexOf('=', StringComparison.Ordinal);
            if (sign < 1 || !line.AsSpan(0, sign).ToString().All(c => char.IsAsciiLetter(c) || c == '_'))
            {
                continue;
            }

            string key = line[..sign].ToLowerInvariant();
            if (key is "hostname" or "wifi_ssid" or "wifi_password")
            {
                values[key] = line[(sign + 1)..];
            }
            else
            {
                ignored.Add($"{FileName}: '{key}' is ignored");
            }
        }

        CardNode file = new(new YamlScalarNode(), path);
        string Value(string key) => values.GetValueOrDefault(key, "");
        return new CardDraft(FileName)
        {
            Hostname = Value("hostname").Length > 0 ? BootFile.ReadHostname(new CardNode(new YamlScalarNode(Value("hostname")), path), isForeign: true) : null,
            Radios = Value("wifi_ssid").Length > 0
                ? ImmutableSortedDictionary<string, CardRadio>.Empty.Add(Radio, CardRadios.Make(file, [.. Encoding.Latin1.GetBytes(Value("wifi_ssid"))], Value("wifi_password"), isHidden: false))
                : ImmutableSortedDictionary<string, CardRadio>.Empty,
            Ignored = ignored.ToImmutable(),
        };
    }
}
