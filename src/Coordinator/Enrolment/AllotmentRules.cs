using System.Collections.Immutable;
using System.Globalization;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Enrolment;

/// <summary>What the configuration says about names and addresses, read and checked.</summary>
internal sealed record AllotmentRules
{
    /// <summary>First and last address to allot; null = nodes keep DHCP.</summary>
    public (Ipv4 First, Ipv4 Last)? Pool { get; init; }
    public int PrefixLength { get; init; } = 24;
    public Ipv4? Gateway { get; init; }
    public ImmutableArray<Ipv4> Dns { get; init; } = [];
    /// <summary>Never allotted: the coordinator's own.</summary>
    public ImmutableArray<Ipv4> Taken { get; init; } = [];
    /// <summary>Of containers, and so of no host.</summary>
    public ImmutableArray<ContainerRange> ContainerRanges { get; init; } = [];
    public string NamePrefix { get; init; } = "pi";
    public ImmutableArray<ConfiguredNode> Nodes { get; init; } = [];

    /// <summary>RFC 1123 label: 1–63 lower-case letters, digits, hyphens; no hyphen at an end, not digits alone.</summary>
    public static bool IsName(string text) =>
        text is { Length: > 0 and <= 63 }
        && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
        && text[0] != '-' && text[^1] != '-' && !text.All(char.IsAsciiDigit);

    /// <summary>Reads the options; <paramref name="problems"/> is empty when the rules can be used.</summary>
    public static AllotmentRules From(CoordinatorOptions options, out ImmutableArray<string> problems)
    {
        List<string> found = [];
        AllotmentRules rules = new()
        {
            PrefixLength = options.Network.PrefixLength,
            Pool = ReadPool(options.Network.Pool, found),
            Gateway = ReadAddress("Network:Gateway", options.Network.Gateway, found),
            Dns = [.. options.Network.Dns.Select((dns, i) => ReadAddress($"Network:Dns:{i}", dns, found)).OfType<Ipv4>()],
            Taken = Ipv4.TryParse(options.AdvertiseAddress, out Ipv4 own) ? [own] : [],
            ContainerRanges = ContainerRange.Read(options, found),
            NamePrefix = options.NodeNamePrefix,
            Nodes = [.. options.Nodes.Select((node, i) => ReadNode(node, i, found))],
        };
        if (!IsName(rules.NamePrefix + "1"))
        {
            found.Add($"NodeNamePrefix '{rules.NamePrefix}' does not begin a host name (lower-case letters, digits, hyphens)");
        }

        if (options.Network.Dns.Length > 3)
        {
            found.Add("Network:Dns has more than three addresses: the resolver reads only three");
        }

        if (options.Network.PrefixLength is >= 1 and <= 30)
        {
            rules.CheckSubnet(found);
            ContainerRange.Check(rules, found);
        }

        rules.CheckNodes(found);
        problems = [.. found];
        return rules;
    }

    /// <summary>Whether an address can be a host's in the network that <paramref name="other"/> is in.</summary>
    public bool IsHostBeside(Ipv4 address, Ipv4 other)
    {
        uint mask = Ipv4.Mask(PrefixLength).Value;
        uint host = address.Value & ~mask;
        return (address.Value & mask) == (other.Value & mask) && host != 0 && host != ~mask;
    }

    private void CheckSubnet(List<string> found)
    {
        Ipv4? anchor = Pool?.First ?? Gateway;
        if (Pool is var (first, last) && (!IsHostBeside(first, first) || !IsHostBeside(last, first)))
        {
            found.Add($"Network:Pool {first}-{last} does not lie inside one /{PrefixLength} network (without its first and last address)");
        }

        if (anchor is Ipv4 inside && Gateway is Ipv4 gateway && !IsHostBeside(gateway, inside))
        {
            found.Add($"Network:Gateway {gateway} is not a host in the /{PrefixLength} network of {inside}");
        }

        for (int i = 0; i < Nodes.Length; i++)
        {
            if (Nodes[i].Address is not Ipv4 address)
            {
                continue;
            }

            if (!IsHostBeside(address, anchor ?? address))
            {
                found.Add($"Nodes:{i}:Address {address} is not a host in the /{PrefixLength} network of {anchor ?? address}");
            }
            else if (address == Gateway || Taken.Contains(address))
            {
                found.Add($"Nodes:{i}:Address {address} is the {(address == Gateway ? "gateway's" : "coordinator's")}");
            }
        }
    }

    private void CheckNodes(List<string> found)
    {
        CheckUnique("Serial", node => node.Serial, found);
        CheckUnique("Mac", node => node.Mac, found);
        CheckUnique("Name", node => node.Name, found);
        CheckUnique("Address", node => node.Address?.ToString() ?? "", found);
    }

    private void CheckUnique(string what, Func<ConfiguredNode, string> of, List<string> found)
    {
        foreach (IGrouping<string, ConfiguredNode> same in Nodes.Where(node => of(node).Length > 0).GroupBy(of).Where(group => group.Count() > 1))
        {
            string places = string.Join(" and ", same.Select(node => string.Create(CultureInfo.InvariantCulture, $"Nodes:{node.Place}")));
            found.Add($"{places} have the same {what} {same.Key}");
        }
    }

    private static ConfiguredNode ReadNode(NodeOptions node, int place, List<string> found)
    {
        string serial = node.Serial.Trim().ToLowerInvariant();
        string mac = node.Mac.Trim().ToLowerInvariant().Replace('-', ':');
        if (serial.Length == 0 && mac.Length == 0 && node.Name.Length == 0)
        {
            found.Add($"Nodes:{place} says neither Serial nor Mac nor Name: which Pi is meant?");
        }

        if (mac.Length > 0 && !(mac.Split(':') is { Length: 6 } parts && parts.All(part => part.Length == 2 && part.All(char.IsAsciiHexDigitLower))))
        {
            found.Add($"Nodes:{place}:Mac '{node.Mac}' is not six pairs of hex digits");
        }

        if (node.Name.Length > 0 && !IsName(node.Name))
        {
            found.Add($"Nodes:{place}:Name '{node.Name}' is not a host name (lower-case letters, digits, hyphens; not digits alone)");
        }

        return new ConfiguredNode(place, serial, mac, node.Name, ReadAddress($"Nodes:{place}:Address", node.Address, found));
    }

    private static (Ipv4 First, Ipv4 Last)? ReadPool(string text, List<string> found)
    {
        if (text.Trim().Length == 0)
        {
            return null;
        }

        if (text.Split('-', StringSplitOptions.TrimEntries) is [string from, string to]
            && Ipv4.TryParse(from, out Ipv4 first) && Ipv4.TryParse(to, out Ipv4 last) && first <= last)
        {
            return (first, last);
        }

        found.Add($"Network:Pool '{text}' is not FIRST-LAST, e.g. 192.168.1.101-192.168.1.120");
        return null;
    }

    private static Ipv4? ReadAddress(string place, string text, List<string> found)
    {
        if (text.Length == 0)
        {
            return null;
        }

        if (Ipv4.TryParse(text, out Ipv4 address))
        {
            return address;
        }

        found.Add($"{place} '{text}' is not an IPv4 address");
        return null;
    }
}

/// <summary>An entry of Nodes; <paramref name="Place"/> is its index there. Empty texts are not given.</summary>
internal sealed record ConfiguredNode(int Place, string Serial, string Mac, string Name, Ipv4? Address);
