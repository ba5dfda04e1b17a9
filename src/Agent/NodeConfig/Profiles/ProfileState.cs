using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace RpiAgent.Agent.NodeConfig.Profiles;

/// <summary>NetworkManager's profile that is in force on an interface.</summary>
/// <param name="Path">Of its keyfile; empty when there is none.</param>
/// <param name="Content">Null when it cannot be read.</param>
/// <param name="IsWifi">What a profile is made for when there is none to start from.</param>
/// <param name="WritesResolver">Whether NetworkManager hands name servers on (not with <c>dns=none</c> or <c>rc-manager=unmanaged</c>).</param>
internal sealed record ProfileState(string Path, byte[]? Content, bool IsWifi, bool WritesResolver)
{
    /// <summary>Content of the file with the radio's country; null when there is none.</summary>
    public byte[]? Country { get; init; }

    public static readonly ProfileState None = new("", null, IsWifi: false, WritesResolver: true);
}

/// <summary>
/// The agent's own profile of an interface. Profiles of others are never edited: the own one stands before them by its priority,
/// and the way back is to take it away. So it does not matter who makes the others: a person, the desktop, cloud-init or netplan.
/// </summary>
internal static class OwnProfile
{
    public const string Folder = "/etc/NetworkManager/system-connections";

    /// <summary>The highest that NetworkManager knows.</summary>
    public const int Priority = 999;

    public static string NameOf(string interfaceName) => $"rpi-agent-{interfaceName}";

    public static string PathOf(string interfaceName) => $"{Folder}/{NameOf(interfaceName)}.nmconnection";

    /// <summary>The same for one interface name on every node, so that planning twice gives the same bytes. RFC 9562, version 8.</summary>
    public static string UuidOf(string interfaceName)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes($"rpi-agent profile of {interfaceName}"));
        hash[6] = (byte)((hash[6] & 0x0f) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3f) | 0x80);
        return new Guid(hash.AsSpan(0, 16), bigEndian: true).ToString();
    }
}

/// <summary>What NetworkManager's profiles are to become for a wish: a refusal, or the files that change (none: it is so already).</summary>
internal sealed record ProfileChange(Refusal? Refusal, ImmutableSortedDictionary<string, byte[]> Files, ImmutableArray<string> Warnings);
