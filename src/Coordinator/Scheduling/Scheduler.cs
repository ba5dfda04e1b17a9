using System.Collections.Immutable;

namespace RpiAgent.Coordinator.Scheduling;

/// <summary>Decides which node a request goes to. The same cluster, request and policy give the same answer.</summary>
internal static class Scheduler
{
    /// <summary>The cluster is only read. A refusal says for each node why.</summary>
    public static Placement Place(PlacementCluster cluster, PlacementRequest request, PlacementPolicy policy)
    {
        PreparedRequest? prepared = PreparedRequest.Create(cluster, request, policy, out Unplaceable? refusal);
        if (prepared is null)
        {
            return refusal!;
        }
        return Best(cluster, prepared) is { } best ? new Placed(best.Node.Id, best.Node.Name) : Refuse(cluster, prepared);
    }

    /// <summary>The same decision with what each node was worth, or which filter refused it.</summary>
    public static PlacementReport Explain(PlacementCluster cluster, PlacementRequest request, PlacementPolicy policy)
    {
        Placement placement = Place(cluster, request, policy);
        PreparedRequest? prepared = PreparedRequest.Create(cluster, request, policy, out _);
        return prepared is null ? new(placement, policy.Strategy, []) : new(placement, policy.Strategy, Verdicts(cluster, prepared));
    }

    private static NodeState? Best(PlacementCluster cluster, PreparedRequest prepared)
    {
        NodeState? best = null;
        Rank bestRank = default;
        foreach (NodeState node in cluster.Nodes)
        {
            if (FirstRefusal(prepared, node) >= 0)
            {
                continue;
            }
            Rank rank = Rank.Of(prepared, node);
            if (best is null || Compare(prepared, rank, node, bestRank, best) < 0)
            {
                (best, bestRank) = (node, rank);
            }
        }
        return best;
    }

    private static int Compare(PreparedRequest prepared, in Rank rank, NodeState node, in Rank other, NodeState otherNode)
    {
        if (prepared.Preference is null || rank.Unmet != other.Unmet)
        {
            return rank.Order(other);
        }
        int preferred = prepared.Preference.Compare(node, otherNode);
        return preferred != 0 ? preferred : rank.OrderByLoad(other);
    }

    /// <summary>Place of the first condition the node fails, or −1.</summary>
    private static int FirstRefusal(PreparedRequest prepared, NodeState node)
    {
        PlacementFilter[] hard = prepared.Hard;
        for (int i = 0; i < hard.Length; i++)
        {
            if (!hard[i].Keeps(node))
            {
                return i;
            }
        }
        return -1;
    }

    /// <summary>The error is that of the filter which removed the last candidates, as when they run one after the other.</summary>
    private static Unplaceable Refuse(PlacementCluster cluster, PreparedRequest prepared)
    {
        ImmutableSortedDictionary<string, string>.Builder reasons = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        int last = -1;
        foreach (NodeState node in cluster.Nodes)
        {
            int at = FirstRefusal(prepared, node);
            last = node.Node.Pending ? last : Math.Max(last, at);
            reasons[node.Node.Name] = prepared.Hard[at].Why(node);
        }
        PlacementFilter? failed = last >= 0 ? prepared.Hard[last] : Array.Find(prepared.Hard, f => f is HealthFilter or SlotsFilter);
        (string error, string message) = failed switch
        {
            HealthFilter => (PlacementErrors.NoHealthyNode, "no healthy node available in the cluster"),
            ResourceFilter or null => (PlacementErrors.NoResources, "no node has the resources free that are asked for"),
            _ => (PlacementErrors.Unsatisfiable, $"no node satisfies {string.Join(", ", prepared.Hard.Take(Array.IndexOf(prepared.Hard, failed) + 1).Skip(1).Select(f => f.Asked))}"),
        };
        return new(error, message, reasons.ToImmutable());
    }

    private static ImmutableArray<NodeVerdict> Verdicts(PlacementCluster cluster, PreparedRequest prepared)
    {
        List<(NodeState Node, Rank Rank)> candidates = [];
        List<NodeVerdict> refused = [];
        foreach (NodeState node in cluster.Nodes)
        {
            int at = FirstRefusal(prepared, node);
            if (at < 0)
            {
                candidates.Add((node, Rank.Of(prepared, node)));
            }
            else
            {
                refused.Add(new(node.Node.Name, null, prepared.Hard[at].Name, prepared.Hard[at].Why(node)));
            }
        }
        candidates.Sort((a, b) => Compare(prepared, a.Rank, a.Node, b.Rank, b.Node) is not 0 and var order ? order : a.Node.Index - b.Node.Index);
        return [.. candidates.Select(c => new NodeVerdict(c.Node.Node.Name, NodeScore.Of(prepared, c.Node, c.Rank), null, null)), .. refused];
    }
}
