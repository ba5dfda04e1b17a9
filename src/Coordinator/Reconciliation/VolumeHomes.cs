using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Reconciliation;

/// <summary>Where each named volume lives. A home is given with the first replica that uses the volume, and stays.</summary>
internal sealed class VolumeHomes(ClusterSnapshot cluster)
{
    private readonly Dictionary<string, string> _homes =
        cluster.Volumes.Values.ToDictionary(volume => volume.Name, volume => volume.Home.Value, StringComparer.Ordinal);

    private readonly SortedDictionary<string, VolumeRecord> _given = new(StringComparer.Ordinal);

    /// <summary>Node id by volume; grows as homes are given.</summary>
    public IReadOnlyDictionary<string, string> ByVolume => _homes;

    public ImmutableArray<VolumeRecord> Given => [.. _given.Values];

    public IEnumerable<(string Volume, NodeId Home)> Of(WorkloadSpec workload) => PlacementMapping.HomedVolumes(workload)
        .Where(_homes.ContainsKey)
        .Select(volume => (volume, new NodeId(_homes[volume])));

    /// <summary>Why the workload cannot run where its data is; null when it can, or has no data yet.</summary>
    public string? Unreachable(WorkloadSpec workload)
    {
        foreach ((string volume, NodeId home) in Of(workload))
        {
            NodeView? node = cluster.Nodes.GetValueOrDefault(home);
            string? trouble = node is null ? "was removed from the cluster" : PlacementMapping.Closed(node);
            if (trouble is not null)
            {
                return $"data of {volume} is on {node?.Name ?? home.Value}, which {trouble}";
            }
        }

        return null;
    }

    /// <summary>The workload is on that node now.</summary>
    public void Settle(WorkloadSpec workload, NodeId node)
    {
        foreach (string volume in PlacementMapping.HomedVolumes(workload).Where(volume => _homes.TryAdd(volume, node.Value)))
        {
            _given[volume] = new VolumeRecord { Name = volume, Home = node, Stack = workload.Stack };
        }
    }
}
