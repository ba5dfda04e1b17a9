using System.Collections.Immutable;
using System.Globalization;

namespace RpiAgent.Coordinator.Scheduling;

/// <summary>A node with running sums over its containers, so that a placement never adds them up again.</summary>
internal sealed class NodeState
{
    private readonly List<PlacedContainer> _containers = [];
    private readonly List<TakenPort> _ports = [];

    public NodeState(PlacementNode node, int index)
    {
        Node = node;
        Index = index;
        Health = node.Health;
        Open = !node.Pending && node.Closed is null;
        Slots = node.Labels.TryGetValue("containerslots", out string? slots)
            && int.TryParse(slots, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number : null;
    }

    public PlacementNode Node { get; private set; }
    /// <summary>Place in the order of names, which breaks ties.</summary>
    public int Index { get; }
    public int? Slots { get; }
    public IReadOnlyList<PlacedContainer> Containers => _containers;
    public IReadOnlyList<TakenPort> Ports => _ports;
    /// <summary>Reserved by containers that have not exited.</summary>
    public long UsedMemory { get; private set; }
    public long UsedMilliCpus { get; private set; }
    /// <summary>Not exited, those being created included.</summary>
    public int Running { get; private set; }
    public int All { get; private set; }
    /// <summary>Copied from the node, so that a look at a candidate touches this object only.</summary>
    public int Health { get; private set; }
    public bool Open { get; }
    /// <summary>With over-commit; kept by <see cref="PlacementCluster"/>.</summary>
    public long TotalMemory { get; private set; }
    public long TotalMilliCpus { get; private set; }
    public long FreeMemory => TotalMemory - UsedMemory;

    /// <summary>Whole percent, and whole cores as in classic: five percent of four cores are none.</summary>
    public void OverCommit(int percent)
    {
        TotalMemory = (long)(Node.MemoryBytes + ((Int128)Node.MemoryBytes * percent / 100));
        TotalMilliCpus = Node.MilliCpus + ((long)((Int128)(Node.MilliCpus / 1000) * percent / 100) * 1000);
    }

    public void SetHealth(int health)
    {
        Health = health;
        Node = Node with { Health = health };
    }

    public void Add(PlacedContainer container)
    {
        _containers.Add(container);
        Count(container, 1);
        foreach (PortBinding port in HostPorts(container))
        {
            _ports.Add(new(port, container));
        }
    }

    public bool Remove(PlacedContainer container)
    {
        int at = _containers.FindIndex(c => ReferenceEquals(c, container));
        if (at < 0)
        {
            return false;
        }
        _containers.RemoveAt(at);
        Count(container, -1);
        _ports.RemoveAll(p => ReferenceEquals(p.Holder, container));
        return true;
    }

    /// <summary>Value of a node label as constraints see it: built-in ones first, "node" is none. Null when absent.</summary>
    public string? Label(string key)
    {
        string builtIn = key switch
        {
            "storagedriver" => Node.StorageDriver,
            "kernelversion" => Node.KernelVersion,
            "operatingsystem" => Node.OperatingSystem,
            "ostype" => Node.OsType,
            "architecture" => Node.Architecture,
            _ => "",
        };
        return builtIn.Length > 0 ? builtIn : key != "node" && Node.Labels.TryGetValue(key, out string? value) ? value : null;
    }

    private void Count(PlacedContainer container, int sign)
    {
        All += sign;
        if (!container.Exited)
        {
            Running += sign;
            UsedMemory += sign * container.MemoryBytes;
            UsedMilliCpus += sign * container.MilliCpus;
        }
    }

    /// <summary>What the container holds of the host's ports: until removal what it asked for, while running what the engine gave.</summary>
    private static IEnumerable<PortBinding> HostPorts(PlacedContainer container)
    {
        if (container.HostNetwork)
        {
            return container.Expose.Concat(container.Ports).Select(p => p.AsHostPort());
        }
        ImmutableArray<PortBinding> actual = container.Exited ? [] : container.ActualPorts;
        return container.Ports.Concat(actual).Where(p => p.IsFixed);
    }
}

internal readonly record struct TakenPort(PortBinding Port, PlacedContainer Holder);
