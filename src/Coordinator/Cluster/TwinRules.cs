using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Cluster;

/// <summary>
/// Tells two boards with one identity (a card copied to a board that shows the same serial, or none) from one board that restarts. A restarted
/// agent never shows its old instance again, wherever it is reached; so an instance that is heard after another had followed it is alive beside it.
/// </summary>
internal static class TwinRules
{
    /// <summary>Agents look every 15 s whether they are still the one in the catalog: twins change places several times in this.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);

    private const int Remembered = 4;

    /// <param name="instance">Of the agent just heard; one too old to have any is passed over.</param>
    /// <param name="address">IPv4 it says it has.</param>
    public static NodeView Hear(NodeView node, string instance, string address, DateTimeOffset now)
    {
        AgentSighting? last = node.Sightings.LastOrDefault();
        AgentSighting heard = new(instance, address);
        if (instance.Length == 0 || heard == last)
        {
            return node;
        }

        AgentSighting? before = node.Sightings.FirstOrDefault(sighting => sighting.Instance == instance);
        ImmutableArray<AgentSighting> sightings = [.. node.Sightings.Where(sighting => sighting != before).TakeLast(Remembered - 1), heard];
        return before is null || before == last
            ? node with { Sightings = sightings }
            : node with { Sightings = sightings, Conflict = new IdentityConflict(address, last!.Address, now) };
    }

    /// <summary>Ends the conflicts in which only one board was heard for long.</summary>
    /// <returns>The nodes, and when to look again though nothing changes.</returns>
    public static (ImmutableSortedDictionary<NodeId, NodeView> Nodes, DateTimeOffset? LookAgain) Settle(ImmutableSortedDictionary<NodeId, NodeView> nodes, DateTimeOffset now)
    {
        DateTimeOffset? again = null;
        foreach (NodeView node in nodes.Values)
        {
            if (node.Conflict is not IdentityConflict conflict)
            {
                continue;
            }

            DateTimeOffset over = conflict.LastSwitch + Quiet;
            if (now >= over)
            {
                nodes = nodes.SetItem(node.Id, node with { Conflict = null });
            }
            else if (again is null || over < again)
            {
                again = over;
            }
        }

        return (nodes, again);
    }
}
