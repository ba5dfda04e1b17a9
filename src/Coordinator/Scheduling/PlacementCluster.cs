using System.Collections.Immutable;

namespace RpiAgent.Coordinator.Scheduling;

/// <summary>
/// The nodes with an index over what they hold. <see cref="Scheduler"/> only reads it; the owner adds and removes containers
/// as it places them. Not for several threads at once.
/// </summary>
internal sealed class PlacementCluster
{
    private const int MemoLimit = 1024;

    private readonly NodeState[] _nodes;
    private readonly Dictionary<string, NodeState> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<(FilterKind, string), ParsedExpression> _expressions = [];
    private readonly Dictionary<(FilterKind, string), bool[]> _nodeMatches = [];
    private readonly Dictionary<(ContainerKey, string), ContainerCounter> _counters = [];
    private int? _percent;

    private PlacementCluster(IEnumerable<PlacementNode> nodes, IReadOnlyDictionary<string, string> volumeHomes)
    {
        VolumeHomes = volumeHomes;
        _nodes = [.. nodes.OrderBy(n => n.Name, StringComparer.Ordinal).ThenBy(n => n.Id, StringComparer.Ordinal).Select((n, i) => new NodeState(n, i))];
        foreach (NodeState node in _nodes)
        {
            if (!_byName.TryAdd(node.Node.Name, node))
            {
                throw new ArgumentException($"two nodes are called {node.Node.Name}", nameof(nodes));
            }
            foreach (PlacedContainer container in node.Node.Containers)
            {
                Add(node, container);
            }
        }
    }

    /// <param name="nodes">Names are unique.</param>
    /// <param name="volumeHomes">Node id by cluster name of the volume.</param>
    public static PlacementCluster Create(IEnumerable<PlacementNode> nodes, IReadOnlyDictionary<string, string>? volumeHomes = null) =>
        new(nodes, volumeHomes ?? ImmutableDictionary<string, string>.Empty);

    /// <summary>In the order of names.</summary>
    public ReadOnlySpan<NodeState> Nodes => _nodes;
    public IReadOnlyDictionary<string, string> VolumeHomes { get; }
    public int Containers { get; private set; }

    public NodeState? Find(string name) => _byName.GetValueOrDefault(name);

    public NodeState? FindById(string id) => Array.Find(_nodes, n => n.Node.Id == id);

    /// <summary>The container is now on the node of that name (or being created there).</summary>
    public void Add(string node, PlacedContainer container) => Add(_byName[node], container);

    /// <summary>0 to 100; see <see cref="PlacementNode.Health"/>.</summary>
    public void SetHealth(string node, int health) => _byName[node].SetHealth(health);

    /// <summary>False when that very container is not on the node.</summary>
    public bool Remove(string node, PlacedContainer container)
    {
        NodeState state = _byName[node];
        if (!state.Remove(container))
        {
            return false;
        }
        Count(state, container, -1);
        return true;
    }

    /// <summary>Some container of a validated node has this name.</summary>
    public bool IsNameTaken(string name) => _names.ContainsKey(name);

    internal void OverCommit(int percent)
    {
        if (_percent != percent)
        {
            _percent = percent;
            foreach (NodeState node in _nodes)
            {
                node.OverCommit(percent);
            }
        }
    }

    /// <summary>Parsed once for each text.</summary>
    internal ParsedExpression Parse(FilterKind kind, string text)
    {
        if (!_expressions.TryGetValue((kind, text), out ParsedExpression parsed))
        {
            Expression? expression = Expression.Parse(text, out ExpressionError? error, literal: kind == FilterKind.Whitelist);
            Bound(_expressions)[(kind, text)] = parsed = new(expression, error);
        }
        return parsed;
    }

    /// <summary>Whether each node matches; for what does not change while containers come and go (labels, images).</summary>
    internal bool[] Matches(FilterKind kind, Expression expression, Func<NodeState, bool> matches)
    {
        if (!_nodeMatches.TryGetValue((kind, expression.Text), out bool[]? result))
        {
            Bound(_nodeMatches)[(kind, expression.Text)] = result = Array.ConvertAll(_nodes, n => matches(n));
        }
        return result;
    }

    /// <summary>How many matching containers each node holds; kept up to date from the first question on.</summary>
    internal ContainerCounter Counter(ContainerKey key, string text, Func<NodeState, PlacedContainer, bool> matches)
    {
        if (!_counters.TryGetValue((key, text), out ContainerCounter? counter))
        {
            counter = new(_nodes.Length, matches);
            foreach (NodeState node in _nodes)
            {
                foreach (PlacedContainer container in node.Containers)
                {
                    counter.Count(node, container, 1);
                }
            }
            Bound(_counters)[(key, text)] = counter;
        }
        return counter;
    }

    private void Add(NodeState node, PlacedContainer container)
    {
        node.Add(container);
        Count(node, container, 1);
    }

    private void Count(NodeState node, PlacedContainer container, int sign)
    {
        Containers += sign;
        foreach (ContainerCounter counter in _counters.Values)
        {
            counter.Count(node, container, sign);
        }
        if (node.Node.Pending)
        {
            return;
        }
        foreach (string name in container.Names)
        {
            int count = _names.GetValueOrDefault(name) + sign;
            if (count == 0)
            {
                _names.Remove(name);
            }
            else
            {
                _names[name] = count;
            }
        }
    }

    private static Dictionary<TKey, TValue> Bound<TKey, TValue>(Dictionary<TKey, TValue> memo) where TKey : notnull
    {
        if (memo.Count >= MemoLimit)
        {
            memo.Clear();
        }
        return memo;
    }
}

internal readonly record struct ParsedExpression(Expression? Expression, ExpressionError? Error);

internal enum ContainerKey { Affinity, IdPrefix, Group }

/// <summary>Number of matching containers on each node, and in all.</summary>
internal sealed class ContainerCounter(int nodes, Func<NodeState, PlacedContainer, bool> matches)
{
    private readonly int[] _counts = new int[nodes];

    public int Total { get; private set; }
    public int this[NodeState node] => _counts[node.Index];

    public void Count(NodeState node, PlacedContainer container, int sign)
    {
        if (matches(node, container))
        {
            _counts[node.Index] += sign;
            Total += sign;
        }
    }
}
