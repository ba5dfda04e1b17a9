namespace RpiAgent.Coordinator.Scheduling;

/// <summary>One condition of a request, made ready for one cluster. Also a soft one: then it is counted instead of obeyed.</summary>
internal abstract class PlacementFilter(string name, string asked)
{
    /// <summary>Which filter, in the words of the options: health, port, constraint…</summary>
    public string Name => name;
    /// <summary>What the request asks, e.g. <c>zone==a</c>.</summary>
    public string Asked => asked;

    public abstract bool Keeps(NodeState node);

    /// <summary>Why not this node, in words; asked only when <see cref="Keeps"/> is false.</summary>
    public abstract string Why(NodeState node);
}

/// <summary>Nodes that are not validated yet, or closed by an operator.</summary>
internal sealed class OpenFilter() : PlacementFilter("open", "an open node")
{
    public static OpenFilter Instance { get; } = new();
    public override bool Keeps(NodeState node) => node.Open;
    public override string Why(NodeState node) => node.Node.Pending ? "not validated yet" : node.Node.Closed!;
}

internal sealed class HealthFilter() : PlacementFilter("health", "a healthy node")
{
    public static HealthFilter Instance { get; } = new();
    public override bool Keeps(NodeState node) => node.Health > 0;
    public override string Why(NodeState node) => "not healthy";
}

internal sealed class SlotsFilter() : PlacementFilter("containerslots", "a free container slot")
{
    public static SlotsFilter Instance { get; } = new();
    public override bool Keeps(NodeState node) => node.Slots is not { } slots || node.Running < slots;
    public override string Why(NodeState node) =>
        node.Slots <= 0 ? "its label containerslots allows no container" : $"all {node.Slots} container slots are used";
}

/// <summary>Ports by protocol, range and address; published ports and those of host networking are the same ports.</summary>
internal sealed class PortFilter(PortBinding[] wanted) : PlacementFilter("port", $"port {string.Join(", ", wanted)}")
{
    public override bool Keeps(NodeState node) => Conflict(node) is null;

    public override string Why(NodeState node)
    {
        (PortBinding port, TakenPort taken) = Conflict(node)!.Value;
        string holder = taken.Holder.Names is [var first, ..] ? first : taken.Holder.Id;
        return taken.Port.ToString() == port.ToString() ? $"port {port} is held by {holder}" : $"port {port} collides with {taken.Port} held by {holder}";
    }

    private (PortBinding, TakenPort)? Conflict(NodeState node)
    {
        IReadOnlyList<TakenPort> taken = node.Ports;
        for (int i = 0; i < taken.Count; i++)
        {
            foreach (PortBinding port in wanted)
            {
                if (port.Overlaps(taken[i].Port))
                {
                    return (port, taken[i]);
                }
            }
        }
        return null;
    }
}

/// <param name="option">What made it a dependency: --link, --volumes-from, --net, --ipc, --pid.</param>
internal sealed class DependencyFilter(string option, string container) : PlacementFilter("dependency", $"{option}={container}")
{
    public override bool Keeps(NodeState node) => ContainerLookup.Find(node, container) is not null;
    public override string Why(NodeState node) => $"container {container} ({option}) is not there";
}

internal sealed class VolumeFilter(string volume, string home, string homeName) : PlacementFilter("volume", $"volume {volume}")
{
    public override bool Keeps(NodeState node) => node.Node.Id == home;
    public override string Why(NodeState node) => $"volume {volume} lives on {homeName}";
}

/// <summary>A network that exists on one node only.</summary>
internal sealed class LocalNetworkFilter(string network, NodeState home) : PlacementFilter("network", $"network {network}")
{
    public override bool Keeps(NodeState node) => ReferenceEquals(node, home);
    public override string Why(NodeState node) => $"network {network} exists on {home.Node.Name} only";
}

internal sealed class ReplicasFilter(ContainerCounter replicas, int most) : PlacementFilter("max_replicas_per_node", $"at most {most} replicas on a node")
{
    public override bool Keeps(NodeState node) => replicas[node] < most;
    public override string Why(NodeState node) => $"holds {replicas[node]} of its replicas, at most {most} on a node are allowed";
}

internal sealed class PlatformFilter(string image, IReadOnlyCollection<string> platforms) : PlacementFilter("architecture", $"image {image} for {string.Join(", ", platforms)}")
{
    public override bool Keeps(NodeState node) =>
        Platforms.Runs(node.Node.OsType, node.Node.Architecture, platforms)
        || node.Node.AlsoRuns.Any(p => Platforms.Covers(p, platforms));
    public override string Why(NodeState node) =>
        $"image {image} exists for {string.Join(", ", platforms)}, the engine is {Platforms.Of(node.Node.OsType, node.Node.Architecture)}";
}

/// <summary>A container with a limit never runs without it.</summary>
internal sealed class MemoryLimitFilter() : PlacementFilter("memory limit", "an engine that can limit memory")
{
    public override bool Keeps(NodeState node) => !node.Node.WithoutMemoryLimits;
    public override string Why(NodeState node) =>
        "E_NO_MEMCG: memory limits have no effect there, the memory cgroup is off; add cgroup_enable=memory to the one line of cmdline.txt on its boot partition and restart it";
}

/// <summary>The last check of every strategy: what is asked for still fits, exactly.</summary>
internal sealed class ResourceFilter(long memory, long milliCpus) : PlacementFilter("resources", "free memory and cores")
{
    public override bool Keeps(NodeState node) =>
        (memory <= 0 || (memory <= node.TotalMemory && node.UsedMemory <= node.TotalMemory - memory))
        && (milliCpus <= 0 || (milliCpus <= node.TotalMilliCpus && node.UsedMilliCpus <= node.TotalMilliCpus - milliCpus));

    public override string Why(NodeState node)
    {
        bool memoryFits = memory <= 0 || (memory <= node.TotalMemory && node.UsedMemory <= node.TotalMemory - memory);
        return memoryFits
            ? $"{Amounts.Cores(milliCpus)} cores wanted, {Amounts.Cores(node.UsedMilliCpus)} of {Amounts.Cores(node.TotalMilliCpus)} are reserved"
            : $"{Amounts.Memory(memory)} of memory wanted, {Amounts.Memory(node.UsedMemory)} of {Amounts.Memory(node.TotalMemory)} are reserved";
    }
}
