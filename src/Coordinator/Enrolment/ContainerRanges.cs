using System.Collections.Immutable;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Enrolment;

/// <summary>
/// Addresses that the engines give to their containers. A host that has one of them cannot be reached from a container, nor answer one;
/// so they may hold neither a node nor the coordinator, gateway or name server. Pure.
/// </summary>
/// <param name="Place">The option that says so.</param>
internal sealed record ContainerRange(string Place, Ipv4Range Range)
{
    /// <summary>Of DockerOptions and OverlayPool; what cannot be read is a problem.</summary>
    public static ImmutableArray<ContainerRange> Read(CoordinatorOptions options, List<string> found)
    {
        ImmutableArray<ContainerRange>.Builder ranges = ImmutableArray.CreateBuilder<ContainerRange>();
        if (!Ipv4Range.TryParse(options.OverlayPool, out Ipv4Range overlay) || overlay.PrefixLength > 22)
        {
            found.Add($"OverlayPool '{options.OverlayPool}' is no pool of /24 networks, such as 10.202.0.0/16");
        }
        else
        {
            ranges.Add(new ContainerRange("OverlayPool", overlay));
        }

        for (int i = 0; i < options.DockerOptions.Length; i++)
        {
            string word = options.DockerOptions[i], next = options.DockerOptions.ElementAtOrDefault(i + 1) ?? "";
            string? text = Value("--default-address-pool") is { } pool ? pool.Split(',').FirstOrDefault(part => part.StartsWith("base=", StringComparison.Ordinal))?["base=".Length..] ?? "" : Value("--bip");
            if (text is null || text.Contains(':', StringComparison.Ordinal))
            {
                continue; // IPv6 is nobody's address here
            }

            if (Ipv4Range.TryParse(text, out Ipv4Range range))
            {
                ranges.Add(new ContainerRange($"DockerOptions:{i}", range));
            }
            else
            {
                found.Add($"DockerOptions:{i} '{word}' has no range such as 10.201.0.0/16");
            }

            string? Value(string flag) => word == flag ? next : word.StartsWith(flag + "=", StringComparison.Ordinal) ? word[(flag.Length + 1)..] : null;
        }

        return ranges.ToImmutable();
    }

    /// <summary>Adds what would be in the way of the network that the rules describe.</summary>
    public static void Check(AllotmentRules rules, List<string> found)
    {
        (string Name, Ipv4? Address)[] hosts =
        [
            ("AdvertiseAddress", rules.Taken.Select(own => (Ipv4?)own).FirstOrDefault()), ("Network:Pool", rules.Pool?.First), ("Network:Gateway", rules.Gateway),
            .. rules.Nodes.Select(node => ($"Nodes:{node.Place}:Address", node.Address)),
        ];
        foreach (ContainerRange one in rules.ContainerRanges)
        {
            string? beside = hosts.Where(host => host.Address is { } address && one.Range.Overlaps(new Ipv4Range(address, rules.PrefixLength))).Select(host => $"the network of {host.Name} {host.Address}").FirstOrDefault()
                ?? rules.Dns.Where(one.Range.Contains).Select(dns => $"the name server {dns}").FirstOrDefault()
                ?? rules.ContainerRanges.Where(other => other.Place != one.Place && one.Place == "OverlayPool" && one.Range.Overlaps(other.Range)).Select(other => $"{other.Place} ({other.Range})").FirstOrDefault();
            if (beside is not null)
            {
                found.Add($"{one.Place} gives containers addresses of {one.Range}, which swallows {beside}; take another range, e.g. 10.{(one.Place == "OverlayPool" ? 212 : 211)}.0.0/16");
            }
        }
    }
}
