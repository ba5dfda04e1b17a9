using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Enrolment;

/// <summary>What a Pi gets, or why it gets nothing.</summary>
internal abstract record AllotmentPlan;

/// <param name="Known">The record of this very Pi if it was here before.</param>
/// <param name="Address">With prefix, or null: keep DHCP.</param>
internal sealed record Allotted(NodeRecord? Known, string Name, string? Address) : AllotmentPlan;

/// <param name="Lasting">Only a change of the configuration or by an operator helps; otherwise a later try may.</param>
internal sealed record AllotmentRefused(string Reason, bool Lasting) : AllotmentPlan;

/// <summary>Gives a Pi its name and address: always the same ones to the same Pi, never one to two.</summary>
internal static class Allotment
{
    public static AllotmentPlan Plan(AllotmentRules rules, ImmutableArray<NodeRecord> existing, HardwareFacts hardware, string wishedName)
    {
        if (HardwareMatch.Fingerprint(hardware).Length == 0)
        {
            return new AllotmentRefused("the node says neither serial nor MAC nor machine id, so it could not be known again", true);
        }

        if (wishedName.Length > 0 && !AllotmentRules.IsName(wishedName))
        {
            return new AllotmentRefused($"the wished name '{wishedName}' is not a host name (lower-case letters, digits, hyphens; not digits alone)", true);
        }

        ImmutableArray<NodeRecord> same = HardwareMatch.Find(existing, hardware);
        if (same.Length > 1)
        {
            string names = string.Join(" and ", same.Select(node => node.Name));
            return new AllotmentRefused($"E_IDENTITY_CONFLICT: this Pi looks like {names} at once; remove the wrong one", true);
        }

        NodeRecord? known = same.FirstOrDefault();
        ImmutableArray<NodeRecord> others = [.. existing.Where(node => node.Id != known?.Id)];
        ConfiguredNode? entry = EntryFor(rules, hardware, known?.Name ?? wishedName);
        (string? name, string? nameRefusal) = PickName(rules, others, known, entry, wishedName);
        if (name is null)
        {
            return new AllotmentRefused(nameRefusal!, true);
        }

        (Ipv4? address, AllotmentRefused? refused) = PickAddress(rules, others, known, entry, name);
        return refused is not null ? refused : new Allotted(known, name, address is null ? null : $"{address}/{rules.PrefixLength}");
    }

    /// <summary>By serial, else by MAC, else by a name that is not bound to hardware.</summary>
    private static ConfiguredNode? EntryFor(AllotmentRules rules, HardwareFacts hardware, string name)
    {
        string serial = HardwareMatch.SerialOf(hardware);
        string mac = HardwareMatch.MacOf(hardware);
        return rules.Nodes.FirstOrDefault(node => serial.Length > 0 && node.Serial == serial)
            ?? rules.Nodes.FirstOrDefault(node => node.Serial.Length == 0 && mac.Length > 0 && node.Mac == mac)
            ?? rules.Nodes.FirstOrDefault(node => node.Serial.Length == 0 && node.Mac.Length == 0 && node.Name.Length > 0 && node.Name == name);
    }

    private static (string? Name, string? Refusal) PickName(
        AllotmentRules rules, ImmutableArray<NodeRecord> others, NodeRecord? known, ConfiguredNode? entry, string wished)
    {
        if (entry is { Name.Length: > 0 })
        {
            return others.FirstOrDefault(node => node.Name == entry.Name) is NodeRecord holder
                ? (null, $"the configuration gives this Pi the name {entry.Name}, which node {holder.Id} has; remove that node or change Nodes:{entry.Place}")
                : (entry.Name, null);
        }

        if (known is not null)
        {
            return (known.Name, null);
        }

        HashSet<string> used = [.. others.Select(node => node.Name), .. rules.Nodes.Select(node => node.Name)];
        IEnumerable<string> candidates = wished.Length > 0
            ? Enumerable.Range(2, 10_000).Select(i => $"{wished[..Math.Min(wished.Length, 57)]}-{i}").Prepend(wished)
            : Enumerable.Range(1, 100_000).Select(i => $"{rules.NamePrefix}{i}");
        return candidates.FirstOrDefault(candidate => !used.Contains(candidate)) is string free
            ? (free, null)
            : (null, "all names are taken");
    }

    private static (Ipv4? Address, AllotmentRefused? Refused) PickAddress(
        AllotmentRules rules, ImmutableArray<NodeRecord> others, NodeRecord? known, ConfiguredNode? entry, string name)
    {
        Dictionary<Ipv4, string> used = [];
        foreach (NodeRecord other in others)
        {
            if (AddressOf(other) is Ipv4 address)
            {
                used[address] = other.Name;
            }
        }

        if (entry?.Address is Ipv4 wanted)
        {
            return used.TryGetValue(wanted, out string? holder)
                ? (null, new AllotmentRefused($"the configuration gives {name} the address {wanted}, which {holder} has; remove that node or change Nodes:{entry.Place}", true))
                : (wanted, null);
        }

        HashSet<Ipv4> reserved = [.. rules.Nodes.Select(node => node.Address).OfType<Ipv4>(), .. rules.Taken, .. rules.Dns];
        if (rules.Gateway is Ipv4 gateway)
        {
            reserved.Add(gateway);
        }

        if (known is { AddressIsChosen: true } && (AddressOf(known) is not Ipv4 chosen || !used.ContainsKey(chosen)))
        {
            return (AddressOf(known), null);
        }

        if (known is not null && AddressOf(known) is Ipv4 held && !used.ContainsKey(held) && !reserved.Contains(held) && IsLocal(rules, held))
        {
            return (held, null);
        }

        if (rules.Pool is not var (first, last))
        {
            return (null, null);
        }

        for (ulong value = first.Value; value <= last.Value; value++)
        {
            Ipv4 candidate = new((uint)value);
            if (!used.ContainsKey(candidate) && !reserved.Contains(candidate))
            {
                return (candidate, null);
            }
        }

        return (null, new AllotmentRefused(
            $"the address pool {first}-{last} is exhausted ({used.Count} nodes have addresses); enlarge Network:Pool or remove a node", false));
    }

    private static bool IsLocal(AllotmentRules rules, Ipv4 address) =>
        rules.Pool?.First is not Ipv4 anchor || rules.IsHostBeside(address, anchor);

    private static Ipv4? AddressOf(NodeRecord node) =>
        Ipv4.TryParse(node.Address?.Split('/')[0], out Ipv4 address) ? address : null;
}
