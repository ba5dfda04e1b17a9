using System.Collections.Immutable;
using RpiAgent.Agent.NodeConfig.Wifi;

namespace RpiAgent.Agent.NodeConfig.Profiles;

/// <summary>From the profile in force to the agent's own one: a copy in which only what is wished differs. Pure.</summary>
internal static class ProfilePlanner
{
    private const string Connection = "connection", Ipv4Section = "ipv4";
    private static readonly string[] PortKeys = ["master", "slave-type", "controller", "port-type"];

    public static ProfileChange Plan(ProfileState present, AddressWish wish)
    {
        Keyfile profile = Keyfile.Parse(present.Content ?? []);
        if (PortKeys.FirstOrDefault(key => profile[Connection, key] is { Length: > 0 }) is { } port)
        {
            return Refuse(RefusalCodes.Enslaved, $"{present.Path}: {wish.Interface} is a port of {profile[Connection, port]} ({port}=); set the address there");
        }

        if (wish is { Method: AddressMethod.Static, Dns.IsEmpty: false } && !present.WritesResolver)
        {
            return Refuse(RefusalCodes.ResolvOwned, "NetworkManager is told not to set name servers (dns=none or rc-manager=unmanaged in its configuration); set them where they are kept, or leave dns out");
        }

        ImmutableSortedDictionary<string, byte[]> files = CountryFile(present, wish);
        bool isSameRadio = wish.Wifi is not { } network || WifiProfile.IsSame(profile, network);
        if (present.Content is not null && isSameRadio && IsSame(profile, wish) && profile[Connection, "autoconnect"] != "false")
        {
            return new ProfileChange(null, files, []);
        }

        Keyfile start = present.Content is null ? Template(present.IsWifi) : profile;
        Keyfile own = WithAddress(Renamed(wish.Wifi is { } radio && !isSameRadio ? WifiProfile.With(start, radio) : start, wish.Interface), wish);
        string path = OwnProfile.PathOf(wish.Interface);
        return new ProfileChange(null, files.Add(path, own.Render()), [.. Warnings(present, path)]);

        ProfileChange Refuse(string code, string message) =>
            new(new Refusal(code, present.Path, message), ImmutableSortedDictionary<string, byte[]>.Empty, []);
    }

    private static ImmutableSortedDictionary<string, byte[]> CountryFile(ProfileState present, AddressWish wish) =>
        wish.Wifi is { } network && WifiProfile.RenderCountry(network) is var wished && !wished.AsSpan().SequenceEqual(present.Country)
            ? ImmutableSortedDictionary<string, byte[]>.Empty.Add(WifiProfile.CountryPath, wished)
            : ImmutableSortedDictionary<string, byte[]>.Empty;

    /// <summary>Whether a profile already gives what is wished.</summary>
    public static bool IsSame(Keyfile profile, AddressWish wish)
    {
        (string Address, string Gateway)[] addresses = [.. profile.Of(Ipv4Section).Where(entry => IsAddressKey(entry.Key)).SelectMany(entry => ReadAddresses(entry.Value))];
        string[] dns = Words(profile[Ipv4Section, "dns"]);
        if (wish.Method == AddressMethod.Dhcp)
        {
            return profile[Ipv4Section, "method"] is "auto" && addresses.Length == 0 && dns.Length == 0;
        }

        string gateway = profile[Ipv4Section, "gateway"] ?? "";
        return profile[Ipv4Section, "method"] is "manual"
            && addresses is [var one]
            && one.Address == $"{wish.Address}/{wish.PrefixLength}"
            && (gateway.Length > 0 ? gateway : one.Gateway) == (wish.Gateway?.ToString() ?? "")
            && (wish.Gateway is null || profile[Ipv4Section, "never-default"] is not "true")
            && dns.SequenceEqual(wish.Dns.Select(server => server.ToString()), StringComparer.Ordinal);
    }

    /// <summary>Under a name of its own, for this interface only, and before every other profile of it.</summary>
    private static Keyfile Renamed(Keyfile profile, string interfaceName) =>
        profile
            .WithoutSection(".nmmeta")
            .Without(Connection, key => key is "timestamp" or "autoconnect" or "stable-id" or "permissions")
            .With(Connection, "id", OwnProfile.NameOf(interfaceName))
            .With(Connection, "uuid", OwnProfile.UuidOf(interfaceName))
            .With(Connection, "interface-name", interfaceName)
            .With(Connection, "autoconnect-priority", $"{OwnProfile.Priority}");

    private static Keyfile WithAddress(Keyfile profile, AddressWish wish)
    {
        Keyfile bare = profile.Without(Ipv4Section, key => IsAddressKey(key) || key is "gateway" or "dns" or "ignore-auto-dns" || (key == "never-default" && wish.Gateway is not null));
        if (wish.Method == AddressMethod.Dhcp)
        {
            return bare.With(Ipv4Section, "method", "auto");
        }

        Keyfile fixedAddress = bare
            .With(Ipv4Section, "method", "manual")
            .With(Ipv4Section, "address1", $"{wish.Address}/{wish.PrefixLength}{(wish.Gateway is { } gateway ? $",{gateway}" : "")}");
        return wish.Dns.IsEmpty ? fixedAddress : fixedAddress.With(Ipv4Section, "dns", string.Concat(wish.Dns.Select(server => $"{server};")));
    }

    private static Keyfile Template(bool isWifi) =>
        new Keyfile([]).With(Connection, "id", "").With(Connection, "uuid", "").With(Connection, "type", isWifi ? "wifi" : "ethernet")
            .With(Ipv4Section, "method", "auto").With("ipv6", "method", "auto");

    private static IEnumerable<string> Warnings(ProfileState present, string own)
    {
        if (present.Path.Length > 0 && present.Path != own)
        {
            string owner = present.Path.StartsWith("/run/NetworkManager/system-connections/netplan-", StringComparison.Ordinal)
                ? "is generated by netplan and stays as it is, and so does /etc/netplan"
                : "stays as it is";
            yield return $"{present.Path} {owner}; {own} stands before it";
        }
    }

    /// <summary><c>address</c>, <c>address1</c> and so on, and <c>addresses</c> of old profiles.</summary>
    private static bool IsAddressKey(string key) =>
        key.StartsWith("address", StringComparison.Ordinal) && key["address".Length..].TrimStart('e', 's').All(char.IsAsciiDigit);

    /// <summary><c>A/LEN[,GATEWAY]</c>, several with semicolons.</summary>
    private static IEnumerable<(string Address, string Gateway)> ReadAddresses(string value) =>
        from one in value.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        let parts = one.Split(',', StringSplitOptions.TrimEntries)
        select (parts[0], parts.Length > 1 && parts[1] != "0.0.0.0" ? parts[1] : "");

    private static string[] Words(string? list) =>
        (list ?? "").Split([';', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
