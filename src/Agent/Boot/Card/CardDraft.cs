using System.Collections.Immutable;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Identity;

namespace RpiAgent.Agent.Boot.Card;

/// <summary>What one file of the card says; null: nothing about it.</summary>
/// <param name="File">Its name, as the source of the values.</param>
internal sealed record CardDraft(string File)
{
    public const string HostnameKey = "hostname";

    public string? Hostname { get; init; }

    public Uri? Coordinator { get; init; }

    /// <summary>Of the CA of the coordinator's cluster.</summary>
    public string? AuthorityDigest { get; init; }

    public JoinToken? Token { get; init; }

    public string? Country { get; init; }

    public ImmutableSortedDictionary<string, CardRadio> Radios { get; init; } = ImmutableSortedDictionary<string, CardRadio>.Empty;

    public ImmutableSortedDictionary<string, AddressWish> Addresses { get; init; } = ImmutableSortedDictionary<string, AddressWish>.Empty;

    public CardSsh? Ssh { get; init; }

    public ImmutableArray<string>? DockerOptions { get; init; }

    public ImmutableSortedDictionary<string, string>? Labels { get; init; }

    public string? TimeZone { get; init; }

    public ImmutableArray<string>? TimeServers { get; init; }

    /// <summary>Passwords of the older files go, too, when they have been used.</summary>
    public bool ScrubLegacy { get; init; }

    /// <summary>Values of an older file that cannot be used, by key: they count only where no more important file has the key.</summary>
    public ImmutableSortedDictionary<string, string> Refused { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>What is written there and not done.</summary>
    public ImmutableArray<string> Ignored { get; init; } = [];
}

/// <summary>A radio network as a file names it. Only the key that WPA2 makes of the password is kept.</summary>
/// <param name="Ssid">1 to 32 octets.</param>
/// <param name="Psk">64 hexadecimal digits, secret; empty: no password is written, or no longer.</param>
internal sealed record CardRadio(ImmutableArray<byte> Ssid, string Psk, bool IsHidden)
{
    /// <summary>Where it stands in its file.</summary>
    public int Line { get; init; }

    public override string ToString() => $"{System.Text.Encoding.UTF8.GetString(Ssid.AsSpan())}, password {(Psk.Length > 0 ? "***" : "not written")}";
}

/// <summary>Who may log in with which keys.</summary>
internal sealed record CardSsh(string User, ImmutableArray<string> AuthorizedKeys);
