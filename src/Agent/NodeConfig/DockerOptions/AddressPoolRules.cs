using System.Collections.Immutable;
using System.Globalization;
using RpiAgent.Protos;

namespace RpiAgent.Agent.NodeConfig.DockerOptions;

/// <summary>Addresses of containers must not be those of hosts the node talks to. Pure.</summary>
internal static class AddressPoolRules
{
    private const string Where = "docker.options";

    /// <param name="networks">Those the node is in, or will be, without the engine's own.</param>
    /// <returns>Null when they keep out of each other's way.</returns>
    public static Refusal? Refuse(ImmutableArray<Ipv4Range> networks, ImmutableArray<EngineOption> ours)
    {
        foreach (EngineOption option in ours)
        {
            Refusal? refusal = option.Key switch
            {
                "default-address-pools" => RefusePool(networks, option.Value),
                "bip" => RefuseBridge(networks, option.Value),
                _ => null,
            };
            if (refusal is not null)
            {
                return refusal;
            }
        }

        return null;
    }

    private static Refusal? RefusePool(ImmutableArray<Ipv4Range> networks, string value)
    {
        Dictionary<string, string> parts = value.Split(',').Select(part => part.Split('=', 2)).Where(part => part.Length == 2).GroupBy(part => part[0], StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Last()[1], StringComparer.Ordinal);
        string range = parts.GetValueOrDefault("base", "");
        if (range.Contains(':', StringComparison.Ordinal))
        {
            return null; // IPv6: for dockerd to judge
        }

        return !Ipv4Range.TryParse(range, out Ipv4Range pool) || !int.TryParse(parts.GetValueOrDefault("size"), NumberStyles.None, CultureInfo.InvariantCulture, out int size) || size < pool.PrefixLength || size > 30
                ? new Refusal(RefusalCodes.BadDockerOption, Where, $"'{value}' is no address pool; write base=10.201.0.0/16,size=24")
            : Own(networks, pool) is { } own
                ? new Refusal(RefusalCodes.OptionConflict, Where, $"the address pool {range} swallows this node's own network ({own}); take another range, e.g. base=10.201.0.0/16,size=24")
            : null;
    }

    private static Refusal? RefuseBridge(ImmutableArray<Ipv4Range> networks, string value) =>
        !Ipv4Range.TryParse(value, out Ipv4Range bridge)
            ? new Refusal(RefusalCodes.BadDockerOption, Where, $"'{value}' is no address of the engine's bridge; write it with its prefix, such as 10.200.0.1/24")
        : Own(networks, bridge) is { } own
            ? new Refusal(RefusalCodes.OptionConflict, Where, $"the engine's bridge {value} would lie in this node's own network ({own}); take another range, e.g. --bip=10.200.0.1/24")
        : null;

    private static Ipv4Range? Own(ImmutableArray<Ipv4Range> networks, Ipv4Range range) =>
        networks.Where(range.Overlaps).Select(network => (Ipv4Range?)network).FirstOrDefault();
}
