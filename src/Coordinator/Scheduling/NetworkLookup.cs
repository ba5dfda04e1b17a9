namespace RpiAgent.Coordinator.Scheduling;

/// <summary>Finds a network as the engine's commands do: id or its first 12 digits, then name or node/name, then unique prefix of an id.</summary>
internal static class NetworkLookup
{
    /// <summary>The only node that has it; null when there is none, it is ambiguous, or it spans nodes.</summary>
    public static NodeState? Find(PlacementCluster cluster, string text) =>
        Match(cluster, (_, n) => ContainerLookup.IsId(n.Id, text)) is { Ids: > 0 } byId ? byId.Home
        : Match(cluster, (node, n) => IsName(node, n, text)) is { Ids: > 0 } byName ? byName.Home
        : Match(cluster, (_, n) => n.Id.StartsWith(text, StringComparison.Ordinal)).Home;

    private static (int Ids, NodeState? Home) Match(PlacementCluster cluster, Func<NodeState, PlacementNetwork, bool> matches)
    {
        (string Id, NodeState Home, bool Local)? found = null;
        int ids = 0;
        foreach (NodeState node in cluster.Nodes)
        {
            foreach (PlacementNetwork network in node.Node.Networks)
            {
                if (!node.Node.Pending && matches(node, network) && found?.Id != network.Id)
                {
                    ids++;
                    found = (network.Id, node, network.Local);
                }
            }
        }
        return (ids, ids == 1 && found!.Value.Local ? found.Value.Home : null);
    }

    private static bool IsName(NodeState node, PlacementNetwork network, string text) =>
        network.Name == text || (network.Local && (text == $"{node.Node.Name}/{network.Name}" || text == $"{node.Node.Id}/{network.Name}"
            || text == $"{node.Node.Id}|{node.Node.Address}/{network.Name}"));
}
