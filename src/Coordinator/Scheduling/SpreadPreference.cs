namespace RpiAgent.Coordinator.Scheduling;

/// <summary>Compose's <c>preferences: [{spread: node.labels.zone}]</c>: the fewest replicas of the workload for each value, level by level.</summary>
internal sealed class SpreadPreference
{
    private readonly int[][] _levels;

    private SpreadPreference(int[][] levels) => _levels = levels;

    public static SpreadPreference? Create(PlacementCluster cluster, PlacementRequest request)
    {
        if (request.SpreadOver.IsEmpty)
        {
            return null;
        }
        ContainerCounter replicas = PreparedRequest.Replicas(cluster, request.Group);
        ReadOnlySpan<NodeState> nodes = cluster.Nodes;
        string[] branch = new string[nodes.Length];
        int[][] levels = new int[request.SpreadOver.Length][];
        for (int level = 0; level < levels.Length; level++)
        {
            Dictionary<string, int> counts = new(StringComparer.Ordinal);
            for (int i = 0; i < nodes.Length; i++)
            {
                branch[i] = $"{branch[i]}\0{nodes[i].Label(request.SpreadOver[level])}";
                counts[branch[i]] = counts.GetValueOrDefault(branch[i]) + replicas[nodes[i]];
            }
            levels[level] = Array.ConvertAll(branch, b => counts[b]);
        }
        return new(levels);
    }

    /// <summary>Below zero when <paramref name="node"/> is to be preferred.</summary>
    public int Compare(NodeState node, NodeState other)
    {
        foreach (int[] level in _levels)
        {
            if (level[node.Index] != level[other.Index])
            {
                return level[node.Index] - level[other.Index];
            }
        }
        return 0;
    }
}
