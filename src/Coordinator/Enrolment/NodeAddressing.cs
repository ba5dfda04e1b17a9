using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using RpiAgent.Consul;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Enrolment;

/// <summary>An operator's choice of a node's address, under the same guard as enrolment: no address is ever given twice.</summary>
internal sealed class NodeAddressing(ConsulClient consul, NodeStore nodes, CoordinatorOptions options)
{
    private const int Attempts = 30;
    private readonly AllotmentRules _rules = AllotmentRules.From(options, out _);

    /// <param name="text">An IPv4, with or without the cluster's prefix length, or "dhcp".</param>
    /// <returns>The record as stored, or why not.</returns>
    public async Task<(NodeRecord? Record, string Refusal)> ChooseAsync(NodeId id, string text, CancellationToken cancel)
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            ulong guard = (await consul.KeyValue.GetAsync(Admission.Guard, cancel))?.ModifyIndex ?? 0;
            ImmutableArray<Stored<NodeRecord>> all = (await nodes.ListAsync(default, cancel)).Value;
            if (all.FirstOrDefault(node => node.Value.Id == id) is not { } stored)
            {
                return (null, "the node was removed just now");
            }

            if (AddressChoice.Refuse(_rules, [.. all.Select(node => node.Value)], stored.Value, text, out string? address) is { } refusal)
            {
                return (null, refusal);
            }

            NodeRecord record = stored.Value with { Address = address, AddressIsChosen = true, ConfigAttempt = 0 };
            TransactionResult written = await consul.Transactions.RunAsync(
                [TransactionOperation.CompareAndSet(Admission.Guard, SHA256.HashData(Encoding.UTF8.GetBytes($"{id} {address} {guard}")), guard), NodeStore.Put(record, stored.ModifyIndex)], cancel);
            if (written.Committed)
            {
                return (record, "");
            }
        }

        return (null, "others change the nodes at the same time; try again");
    }
}

/// <summary>Which address a node can be given. Pure.</summary>
internal static class AddressChoice
{
    /// <param name="address">With prefix; null for DHCP.</param>
    /// <returns>Null when it can have it.</returns>
    public static string? Refuse(AllotmentRules rules, ImmutableArray<NodeRecord> all, NodeRecord node, string text, out string? address)
    {
        address = null;
        if (rules.Nodes.FirstOrDefault(entry => entry.Address is not null && IsMeant(entry, node)) is { } entry)
        {
            return $"coordinator.json gives {node.Name} the address {entry.Address} (Nodes:{entry.Place}); change it there";
        }

        if (text == "dhcp")
        {
            return null;
        }

        string[] parts = text.Split('/');
        if (parts.Length > 2 || !Ipv4.TryParse(parts[0], out Ipv4 wished) || (parts.Length == 2 && parts[1] != $"{rules.PrefixLength}"))
        {
            return $"E_BAD_ADDRESS: '{text}' is neither an IPv4 address of the cluster's /{rules.PrefixLength} network nor 'dhcp'";
        }

        Ipv4? anchor = rules.Pool?.First ?? rules.Gateway ?? all.Select(AddressOf).FirstOrDefault(other => other is not null);
        if (!rules.IsHostBeside(wished, anchor ?? wished))
        {
            return $"E_BAD_ADDRESS: {wished} is not a host's address in the /{rules.PrefixLength} network of {anchor ?? wished}";
        }

        if (rules.ContainerRanges.FirstOrDefault(one => one.Range.Overlaps(new Ipv4Range(wished, rules.PrefixLength))) is { } containers)
        {
            return $"E_BAD_ADDRESS: {wished} is in the way of the containers, which get addresses of {containers.Range} ({containers.Place} of coordinator.json); take another one";
        }

        if (wished == rules.Gateway || rules.Taken.Contains(wished) || rules.Dns.Contains(wished))
        {
            return $"E_ADDRESS_IN_USE: {wished} is the {(wished == rules.Gateway ? "gateway's" : rules.Taken.Contains(wished) ? "coordinator's" : "name server's")}";
        }

        if (all.FirstOrDefault(other => other.Id != node.Id && AddressOf(other) == wished) is { } holder)
        {
            return $"E_ADDRESS_IN_USE: {wished} is the address of {holder.Name}";
        }

        if (rules.Nodes.FirstOrDefault(other => other.Address == wished) is { } reserved)
        {
            return $"E_ADDRESS_IN_USE: coordinator.json keeps {wished} for another node (Nodes:{reserved.Place})";
        }

        address = $"{wished}/{rules.PrefixLength}";
        return null;
    }

    private static bool IsMeant(ConfiguredNode entry, NodeRecord node) =>
        entry.Serial.Length > 0 ? entry.Serial == HardwareMatch.SerialOf(node.Hardware)
        : entry.Mac.Length > 0 ? entry.Mac == HardwareMatch.MacOf(node.Hardware)
        : entry.Name == node.Name;

    private static Ipv4? AddressOf(NodeRecord node) => Ipv4.TryParse(node.Address?.Split('/')[0], out Ipv4 address) ? address : null;
}
