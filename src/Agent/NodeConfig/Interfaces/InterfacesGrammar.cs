using System.Collections.Frozen;

namespace RpiAgent.Agent.NodeConfig.Interfaces;

/// <summary>Words of interfaces(5), as ifupdown 0.8.41 knows them.</summary>
internal static class InterfacesGrammar
{
    public const string Inherits = "inherits";

    public static readonly FrozenDictionary<string, FrozenSet<string>> Methods = new Dictionary<string, FrozenSet<string>>(StringComparer.Ordinal)
    {
        ["inet"] = FrozenSet.Create(StringComparer.Ordinal, "loopback", "static", "manual", "dhcp", "bootp", "tunnel", "ppp", "wvdial", "ipv4ll"),
        ["inet6"] = FrozenSet.Create(StringComparer.Ordinal, "auto", "loopback", "static", "manual", "dhcp", "tunnel", "v4tunnel", "6to4"),
        ["ipx"] = FrozenSet.Create(StringComparer.Ordinal, "static", "dynamic"),
        ["can"] = FrozenSet.Create(StringComparer.Ordinal, "static"),
        ["meta"] = FrozenSet.Create(StringComparer.Ordinal, "none"),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Options that say what the IPv4 address is; they go when another address is written.</summary>
    public static readonly FrozenSet<string> AddressOptions = FrozenSet.Create(
        StringComparer.Ordinal, "address", "netmask", "broadcast", "network", "gateway", "pointopoint", "scope", "dns-nameserver", "dns-nameservers");

    /// <summary>Options that mean something to one method only.</summary>
    public static readonly FrozenDictionary<string, FrozenSet<string>> MethodOptions = new Dictionary<string, FrozenSet<string>>(StringComparer.Ordinal)
    {
        ["dhcp"] = FrozenSet.Create(StringComparer.Ordinal, "hostname", "leasehours", "leasetime", "vendor", "client"),
        ["bootp"] = FrozenSet.Create(StringComparer.Ordinal, "bootfile", "server", "hwaddr"),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Methods that an Ethernet or WiFi interface may have before and after a change.</summary>
    public static readonly FrozenSet<string> EditableMethods = FrozenSet.Create(StringComparer.Ordinal, "dhcp", "static", "manual", "bootp", "ipv4ll");

    public static bool IsNameList(string word) =>
        word is "auto" or "no-auto-down" or "no-scripts" or "rename" || (word.StartsWith("allow-", StringComparison.Ordinal) && word.Length > 6);

    public static bool IsSourceDirectory(string word) => word.StartsWith("source-dir", StringComparison.Ordinal);
}
