using System.Text.RegularExpressions;

namespace RpiAgent.Agent.Boot.Card;

/// <summary>Where this Pi's radio is, as raspi-config, the Imager or an earlier card told the system.</summary>
internal static partial class SystemCountry
{
    private static readonly string[] Files =
        ["/etc/wpa_supplicant/wpa_supplicant.conf", "/etc/wpa_supplicant/wpa_supplicant-wlan0.conf", "/etc/default/crda", "/proc/cmdline"];

    /// <returns>Two letters; empty when nobody told.</returns>
    public static string Read(AgentOptions options) =>
        Files.Select(options.Under).Where(File.Exists).Select(path => Find(File.ReadAllText(path))).FirstOrDefault(country => country.Length > 0) ?? "";

    internal static string Find(string text) => Setting().Match(text) is { Success: true } found ? found.Groups["country"].Value.ToUpperInvariant() : "";

    [GeneratedRegex("(?:^[ \\t]*country|^[ \\t]*REGDOMAIN|(?:^|[ ])cfg80211\\.ieee80211_regdom)=[\"']?(?<country>[A-Za-z]{2})(?:[^A-Za-z]|$)", RegexOptions.Multiline | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Setting();
}
