using System.Collections.Immutable;
using System.Globalization;
using RpiAgent.Agent.NodeConfig.Wifi;
using RpiAgent.Protos;

namespace RpiAgent.Agent.NodeConfig;

internal enum AddressMethod
{
    Dhcp,
    Static,
}

/// <summary>How one interface is to get its IPv4 address. Address, prefix, gateway and name servers are of static only.</summary>
internal sealed record AddressWish(string Interface, AddressMethod Method, Ipv4 Address, int PrefixLength, Ipv4? Gateway, ImmutableArray<Ipv4> Dns)
{
    /// <summary>glibc's MAXNS.</summary>
    public const int MaximumNameServers = 3;

    /// <summary>The radio network to join; null on a cable, and to leave the present one.</summary>
    public WifiNetwork? Wifi { get; init; }

    public Ipv4 Netmask => Ipv4.Mask(PrefixLength);

    /// <summary>Reads a wish as people and the coordinator write it.</summary>
    /// <param name="address">A.B.C.D/LEN.</param>
    /// <param name="gateway">Null for none.</param>
    /// <exception cref="RefusalException">E_BAD_IFACE, E_BAD_ADDRESS, E_BAD_GATEWAY or E_BAD_DNS.</exception>
    public static AddressWish Static(string interfaceName, string address, string? gateway, IReadOnlyList<string> dns)
    {
        CheckInterface(interfaceName);
        (Ipv4 own, int length) = ReadAddress(address);
        Ipv4? router = gateway is null ? null : ReadGateway(gateway, own, length);
        return new AddressWish(interfaceName, AddressMethod.Static, own, length, router, ReadDns(dns));
    }

    /// <exception cref="RefusalException">E_BAD_IFACE.</exception>
    public static AddressWish Dhcp(string interfaceName)
    {
        CheckInterface(interfaceName);
        return new AddressWish(interfaceName, AddressMethod.Dhcp, default, 0, null, []);
    }

    private static void CheckInterface(string name)
    {
        if (!Names.IsInterface(name))
        {
            throw Bad(RefusalCodes.BadInterface, "interface", $"interface name '{name}' is not of an interface that can be set; use the name that 'ip link' shows, such as eth0 (1 to {Names.LongestInterface} letters, digits, '.', '_' or '-', not lo)");
        }
    }

    private static (Ipv4 Address, int PrefixLength) ReadAddress(string text)
    {
        string[] parts = text.Split('/');
        if (parts.Length != 2)
        {
            throw BadAddress($"address must be A.B.C.D/LEN, such as 192.168.1.102/24; got '{text}'");
        }

        if (!Ipv4.TryParse(parts[0], out Ipv4 address))
        {
            throw BadAddress($"address '{parts[0]}' is not a strict dotted quad; write four numbers 0-255, such as 192.168.1.102");
        }

        if (!TryReadPrefix(parts[1], out int length))
        {
            throw BadAddress($"prefix length '{parts[1]}' (1..31) cannot be used; a home network usually has 24");
        }

        uint first = address.Value >> 24;
        if (first is 0 or 127 or >= 224)
        {
            throw BadAddress($"{address} is not a unicast host address; take a free address of the network, such as 192.168.1.102");
        }

        if (IsNetworkOrBroadcast(address, length))
        {
            throw BadAddress($"{address} is the network or broadcast address of {NetworkOf(address, length)}/{length}; take an address between the two");
        }

        return (address, length);
    }

    private static Ipv4 ReadGateway(string text, Ipv4 own, int length)
    {
        if (!Ipv4.TryParse(text, out Ipv4 gateway))
        {
            throw Bad(RefusalCodes.BadGateway, "gateway", $"gateway '{text}' is not a strict dotted quad; write the router's address, such as 192.168.1.1");
        }

        if (NetworkOf(gateway, length) != NetworkOf(own, length) || gateway == own || IsNetworkOrBroadcast(gateway, length))
        {
            throw Bad(RefusalCodes.BadGateway, "gateway", $"gateway {gateway} not another host of {NetworkOf(own, length)}/{length}; write the router's address in the same network");
        }

        return gateway;
    }

    private static ImmutableArray<Ipv4> ReadDns(IReadOnlyList<string> texts)
    {
        if (texts.Count > MaximumNameServers)
        {
            throw Bad(RefusalCodes.BadDns, "dns", $"more than {MaximumNameServers} name servers (MAXNS); the resolver would ignore the rest, name {MaximumNameServers} at most");
        }

        return [.. texts.Select(text => Ipv4.TryParse(text, out Ipv4 server)
            ? server
            : throw Bad(RefusalCodes.BadDns, "dns", $"name server '{text}' is not a strict dotted quad; write an address such as 192.168.1.1"))];
    }

    private static bool TryReadPrefix(string text, out int length)
    {
        length = 0;
        return text.Length is 1 or 2 && text.All(char.IsAsciiDigit) && text[0] != '0'
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out length) && length is >= 1 and <= 31;
    }

    private static Ipv4 NetworkOf(Ipv4 address, int length) => new(address.Value & Ipv4.Mask(length).Value);

    private static bool IsNetworkOrBroadcast(Ipv4 address, int length)
    {
        uint host = address.Value & ~Ipv4.Mask(length).Value;
        return length < 31 && (host == 0 || host == ~Ipv4.Mask(length).Value);
    }

    private static RefusalException BadAddress(string message) => Bad(RefusalCodes.BadAddress, "address", message);
    private static RefusalException Bad(string code, string setting, string message) => new(new Refusal(code, setting, message));
}
