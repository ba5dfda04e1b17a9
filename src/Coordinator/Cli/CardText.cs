using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using RpiAgent.Identity;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Cli;

/// <summary>The boot file as an operator wishes it.</summary>
internal sealed record CardText
{
    public const string FirstLine = "# By 'rpictl card prepare', which replaces the whole file.";

    public string HostName { get; init; } = "";

    /// <summary>Empty: the Pi looks for the coordinator itself.</summary>
    public string Url { get; init; } = "";

    public CardRadio? Radio { get; init; }

    public ImmutableArray<(string Key, string Value)> Labels { get; init; } = [];

    public string SshUser { get; init; } = "";

    public ImmutableArray<string> SshKeys { get; init; } = [];

    /// <summary>The keys of a file like id_ed25519.pub or authorized_keys.</summary>
    /// <exception cref="CliFailure">One that is none.</exception>
    public static ImmutableArray<string> ReadKeys(string file) =>
        [.. file.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#').Select(line =>
            SshPublicKey.TryRead(line, out _, out string problem) ? line : throw new CliFailure(ExitCodes.Usage, $"--ssh-key: {problem}"))];

    /// <exception cref="CliFailure">What the Pi would refuse: it has no screen to say so.</exception>
    public void Check()
    {
        if (HostName.Length > 0 && (HostName.Length > 63 || !HostName.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
            || HostName[0] == '-' || HostName[^1] == '-' || HostName.All(char.IsAsciiDigit)))
        {
            throw new CliFailure(ExitCodes.Usage, $"--hostname '{HostName}' cannot be one: use lower-case letters, digits and '-', such as pi-1");
        }

        bool isUrl = Uri.TryCreate(Url, UriKind.Absolute, out Uri? url) && url.Scheme == Uri.UriSchemeHttps && url.PathAndQuery == "/" && url.UserInfo.Length == 0
            && (!url.IsDefaultPort || Url.TrimEnd('/').EndsWith(":443", StringComparison.Ordinal));
        if (Url.Length > 0 && !isUrl)
        {
            throw new CliFailure(ExitCodes.Usage, $"--url '{Url}' is not of the form https://ADDRESS:PORT");
        }

        if (Radio is { } radio && !Names.IsInterface(radio.Interface))
        {
            throw new CliFailure(ExitCodes.Usage, $"--wifi-interface '{radio.Interface}' is not the name of an interface such as wlan0");
        }

        if (SshKeys.Length > 0 && !Names.IsUser(SshUser))
        {
            throw new CliFailure(ExitCodes.Usage, $"--ssh-user '{SshUser}' is not a user's name");
        }

        if (Labels.GroupBy(label => label.Key, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new CliFailure(ExitCodes.Usage, $"--label {twice.Key} is given twice");
        }

        if (Labels.Select(label => NodeLabelRules.Refuse(label.Key, label.Value)).FirstOrDefault(refusal => refusal is not null) is { } refused)
        {
            throw new CliFailure(ExitCodes.Usage, $"--label: {refused}");
        }
    }

    public string Render(JoinToken token)
    {
        StringBuilder text = new($"{FirstLine}\nversion: 1\n");
        if (HostName.Length > 0)
        {
            text.Append($"hostname: {Quoted(HostName)}\n");
        }

        text.Append("coordinator:\n");
        if (Url.Length > 0)
        {
            text.Append($"  url: {Quoted(Url)}\n");
        }

        text.Append($"  ca_sha256: {token.AuthorityDigest}\njoin_token: {token.Reveal()}\n");
        if (Radio is { } radio)
        {
            text.Append($"wifi:\n  country: {Quoted(radio.Country)}\n  interfaces:\n    {Quoted(radio.Interface)}:\n      ssid_hex: '{Convert.ToHexStringLower(radio.Ssid.AsSpan())}'\n      password: {radio.Key}\n");
            text.Append(radio.IsHidden ? "      hidden: true\n" : "");
        }

        if (Labels.Length > 0)
        {
            text.Append("labels:\n");
            foreach ((string key, string value) in Labels)
            {
                text.Append($"  {Quoted(key)}: {Quoted(value)}\n");
            }
        }

        if (SshKeys.Length > 0)
        {
            text.Append($"ssh:\n  user: {Quoted(SshUser)}\n  authorized_keys:\n");
            foreach (string key in SshKeys)
            {
                text.Append($"    - {Quoted(key)}\n");
            }
        }

        return text.ToString();
    }

    /// <exception cref="CliFailure">A control character.</exception>
    private static string Quoted(string text) => text.Any(c => char.IsControl(c) || c is '\u2028' or '\u2029')
        ? throw new CliFailure(ExitCodes.Usage, $"'{text}' has a control character")
        : $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}

/// <summary>A radio network; of the password only the key that WPA2 makes of it (IEEE 802.11, J.4) goes onto the card.</summary>
internal sealed record CardRadio(string Interface, ImmutableArray<byte> Ssid, string Key, string Country, bool IsHidden)
{
    private const int KeyDigits = 64, Rounds = 4096;

    /// <exception cref="CliFailure">Without the password in its words.</exception>
    public static CardRadio Create(string interfaceName, byte[] name, string password, string country, bool isHidden)
    {
        if (name.Length is 0 or > 32)
        {
            throw new CliFailure(ExitCodes.Usage, $"--wifi-ssid has {name.Length} octets; it takes 1 to 32");
        }

        if (country.Length != 2 || !country.All(char.IsAsciiLetter))
        {
            throw new CliFailure(ExitCodes.Usage, $"--wifi-country '{country}' is not two letters such as DE");
        }

        bool isKey = password.Length == KeyDigits && password.All(char.IsAsciiHexDigit);
        if (!isKey && (password.Length is < 8 or > 63 || password.Any(c => c is < ' ' or > '~')))
        {
            throw new CliFailure(ExitCodes.Usage, $"the password of the radio network has {password.Length} characters or some that are not printable ASCII; it takes 8 to 63");
        }

        string key = isKey ? password.ToLowerInvariant() : Convert.ToHexStringLower(Rfc2898DeriveBytes.Pbkdf2(Encoding.ASCII.GetBytes(password), name, Rounds, HashAlgorithmName.SHA1, KeyDigits / 2));
        return new CardRadio(interfaceName, [.. name], key, country.ToUpperInvariant(), isHidden);
    }

    public override string ToString() => $"radio network on {Interface}";
}
