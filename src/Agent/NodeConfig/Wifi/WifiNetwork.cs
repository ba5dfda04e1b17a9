using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace RpiAgent.Agent.NodeConfig.Wifi;

/// <summary>A radio network to join. The passphrase is never kept, only the key that WPA2 makes of it; words about it show neither.</summary>
internal sealed class WifiNetwork
{
    private const int MaximumSsid = 32, KeyDigits = 64, Rounds = 4096; // IEEE 802.11, J.4

    private WifiNetwork(ImmutableArray<byte> ssid, string psk, string country, bool isHidden)
    {
        Ssid = ssid;
        Psk = psk;
        Country = country;
        IsHidden = isHidden;
    }

    /// <summary>1 to 32 octets of any kind.</summary>
    public ImmutableArray<byte> Ssid { get; }

    /// <summary>64 hexadecimal digits, lower case. Secret.</summary>
    public string Psk { get; }

    /// <summary>Where the radio is, as two letters (ISO 3166): what it may send there.</summary>
    public string Country { get; }

    /// <summary>The name is not announced, so it must be asked for.</summary>
    public bool IsHidden { get; }

    /// <param name="passphrase">8 to 63 printable ASCII characters, or the key itself as 64 hexadecimal digits. Line ends of pasting are dropped.</param>
    /// <exception cref="RefusalException">E_BAD_WIFI. Never with the passphrase in its words.</exception>
    public static WifiNetwork Create(ReadOnlySpan<byte> ssid, string passphrase, string country, bool isHidden)
    {
        if (ssid.Length is 0 or > MaximumSsid)
        {
            throw Bad("wifi.ssid", $"the name of the network has {ssid.Length} octets; it takes 1 to {MaximumSsid}");
        }

        if (country.Length != 2 || !country.All(char.IsAsciiLetter))
        {
            throw Bad("wifi.country", $"'{country}' is not a country as two letters, such as DE; without one the radio stays off");
        }

        return new WifiNetwork([.. ssid], KeyOf(ssid, passphrase.Trim('\r', '\n')), country.ToUpperInvariant(), isHidden);
    }

    /// <exception cref="RefusalException">E_BAD_WIFI.</exception>
    public static WifiNetwork Create(string ssid, string passphrase, string country, bool isHidden) =>
        Create(Encoding.UTF8.GetBytes(ssid), passphrase, country, isHidden);

    public override string ToString() => $"radio network '{Encoding.UTF8.GetString(Ssid.AsSpan())}'";

    /// <summary>Whether a password of an existing profile, in either form, is this network's.</summary>
    public bool HasKey(string present) =>
        IsKey(present) ? present.Equals(Psk, StringComparison.OrdinalIgnoreCase) : IsPassphrase(present) && Derive(Ssid.AsSpan(), present) == Psk;

    /// <summary>The key alone, so that a passphrase need not be kept until the rest is known.</summary>
    /// <exception cref="RefusalException">E_BAD_WIFI. Never with the passphrase in its words.</exception>
    public static string KeyFor(ReadOnlySpan<byte> ssid, string passphrase) =>
        ssid.Length is 0 or > MaximumSsid
            ? throw Bad("wifi.ssid", $"the name of the network has {ssid.Length} octets; it takes 1 to {MaximumSsid}")
            : KeyOf(ssid, passphrase.Trim('\r', '\n'));

    private static string KeyOf(ReadOnlySpan<byte> ssid, string passphrase)
    {
        if (IsKey(passphrase))
        {
            return passphrase.ToLowerInvariant();
        }

        return IsPassphrase(passphrase)
            ? Derive(ssid, passphrase)
            : throw Bad("wifi.password", $"the passphrase has {passphrase.Length} characters or some that are not printable ASCII; it takes 8 to 63, or {KeyDigits} hexadecimal digits");
    }

    private static string Derive(ReadOnlySpan<byte> ssid, string passphrase) =>
        Convert.ToHexStringLower(Rfc2898DeriveBytes.Pbkdf2(Encoding.ASCII.GetBytes(passphrase), ssid, Rounds, HashAlgorithmName.SHA1, KeyDigits / 2));

    private static bool IsKey(string text) => text.Length == KeyDigits && text.All(char.IsAsciiHexDigit);

    private static bool IsPassphrase(string text) => text.Length is >= 8 and <= 63 && text.All(c => c is >= ' ' and <= '~');

    private static RefusalException Bad(string setting, string message) => new(new Refusal(RefusalCodes.BadWifi, setting, message));
}
