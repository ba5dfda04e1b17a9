using System.Text;

namespace RpiAgent.Agent.NodeConfig;

/// <summary>What a plan must know of the node beside its configuration files.</summary>
/// <param name="MacAddress">Lower case with colons, or null when the kernel does not show it.</param>
/// <param name="HasDnsHook">Whether ifup hands dns-nameservers to resolvconf, openresolv or systemd-resolved.</param>
internal sealed record InterfaceFacts(string? MacAddress, bool HasDnsHook)
{
    private static readonly string[] DnsHooks = ["/etc/network/if-up.d/000resolvconf", "/etc/network/if-up.d/resolved"];

    public static InterfaceFacts Read(FileView files, string interfaceName)
    {
        byte[]? mac = AddressWish.IsInterfaceName(interfaceName) ? files.Read($"/sys/class/net/{interfaceName}/address") : null;
        return new InterfaceFacts(
            mac is null ? null : Encoding.ASCII.GetString(mac).Trim().ToLowerInvariant(),
            DnsHooks.Any(hook => files.Read(hook) is { Length: > 0 }));
    }
}
