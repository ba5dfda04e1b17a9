using System.Text;
using RpiAgent.Protos;

namespace RpiAgent.Agent.NodeConfig;

/// <summary>What a plan must know of the node beside its configuration files.</summary>
/// <param name="MacAddress">Lower case with colons, or null when the kernel does not show it.</param>
/// <param name="HasDnsHook">Whether ifup hands dns-nameservers to resolvconf, openresolv or systemd-resolved.</param>
internal sealed record InterfaceFacts(string? MacAddress, bool HasDnsHook)
{
    /// <summary>Whether ifup starts wpa_supplicant for <c>wpa-conf</c>.</summary>
    public bool HasWpaHook { get; init; }

    private static readonly string[] EnablingTargets = ["multi-user", "sysinit"];

    public static InterfaceFacts Read(FileView files, string interfaceName)
    {
        byte[]? mac = Names.IsInterface(interfaceName) ? files.Read($"/sys/class/net/{interfaceName}/address") : null;
        return new InterfaceFacts(
            mac is null ? null : Encoding.ASCII.GetString(mac).Trim().ToLowerInvariant(),
            HasResolvconf(files) || HasResolved(files))
        {
            HasWpaHook = files.Read("/etc/network/if-pre-up.d/wpasupplicant") is not null,
        };
    }

    private static bool HasResolvconf(FileView files) =>
        files.Read("/etc/network/if-up.d/000resolvconf") is not null
        && (files.Read("/sbin/resolvconf") is not null || files.Read("/usr/sbin/resolvconf") is not null);

    /// <summary>ifupdown brings this hook along; it does something only while systemd-resolved is enabled.</summary>
    private static bool HasResolved(FileView files) =>
        files.Read("/etc/network/if-up.d/resolved") is not null
        && EnablingTargets.Any(target => files.List($"/etc/systemd/system/{target}.target.wants")?.Contains("systemd-resolved.service") == true);
}
