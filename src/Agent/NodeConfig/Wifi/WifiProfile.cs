using System.Collections.Immutable;
using System.Text;
using RpiAgent.Agent.NodeConfig.Profiles;

namespace RpiAgent.Agent.NodeConfig.Wifi;

/// <summary>The radio part of a profile of NetworkManager, and the country, which NetworkManager does not keep.</summary>
internal static class WifiProfile
{
    /// <summary>cfg80211 reads it when the radio's driver is loaded.</summary>
    public const string CountryPath = "/etc/modprobe.d/rpi-agent-wifi.conf";

    /// <summary>Both names of each section are in use.</summary>
    private static readonly string[] Radio = ["wifi", "802-11-wireless"];
    private static readonly string[] Security = ["wifi-security", "802-11-wireless-security"];

    public static byte[] RenderCountry(WifiNetwork network) => Encoding.ASCII.GetBytes($"options cfg80211 ieee80211_regdom={network.Country}\n");

    public static bool IsSame(Keyfile profile, WifiNetwork network) =>
        First(profile, Radio, "ssid") is { } ssid && ReadSsid(ssid).SequenceEqual(network.Ssid)
        && First(profile, Security, "psk") is { } psk && network.HasKey(psk)
        && (First(profile, Radio, "hidden") == "true") == network.IsHidden;

    public static Keyfile With(Keyfile profile, WifiNetwork network)
    {
        Keyfile bare = Radio.Concat(Security).Append("802-1x").Aggregate(profile, (file, section) => file.WithoutSection(section))
            .With("connection", "type", "wifi")
            .With("wifi", "mode", "infrastructure")
            .With("wifi", "ssid", string.Concat(network.Ssid.Select(octet => $"{octet};")));
        return (network.IsHidden ? bare.With("wifi", "hidden", "true") : bare)
            .With("wifi-security", "key-mgmt", "wpa-psk")
            .With("wifi-security", "psk", network.Psk);
    }

    /// <summary>Octets as <c>77;121;</c>, or text with the escapes of a keyfile.</summary>
    private static ImmutableArray<byte> ReadSsid(string value)
    {
        string[] parts = value.Split(';');
        return parts is [.., ""] && parts.Length > 1 && parts[..^1].All(part => byte.TryParse(part, out _))
            ? [.. parts[..^1].Select(part => byte.Parse(part, System.Globalization.CultureInfo.InvariantCulture))]
            : [.. Encoding.Latin1.GetBytes(value.Replace("\\s", " ", StringComparison.Ordinal).Replace("\\;", ";", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal))];
    }

    private static string? First(Keyfile profile, string[] sections, string key) => sections.Select(section => profile[section, key]).FirstOrDefault(value => value is not null);
}
