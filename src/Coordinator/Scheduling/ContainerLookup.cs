namespace RpiAgent.Coordinator.Scheduling;

/// <summary>Finds a container on one node by whatever a person may type: id, cluster id, name, node/name, unique prefix of an id.</summary>
internal static class ContainerLookup
{
    private const int ShortId = 12;

    public static PlacedContainer? Find(NodeState node, string text)
    {
        if (text.Length == 0)
        {
            return null;
        }
        PlacedContainer? byId = null, byClusterId = null, byName = null, byPrefix = null;
        int names = 0, prefixes = 0;
        foreach (PlacedContainer container in node.Containers)
        {
            // One that is being created has no id of its own yet.
            string id = container.InFlight ? "" : container.Id;
            byId ??= IsId(id, text) ? container : null;
            byClusterId ??= IsId(container.ClusterId, text) ? container : null;
            if (HasName(node, container, text))
            {
                byName = container;
                names++;
            }
            if (id.StartsWith(text, StringComparison.Ordinal) || container.ClusterId.StartsWith(text, StringComparison.Ordinal))
            {
                byPrefix = container;
                prefixes++;
            }
        }
        return byId ?? byClusterId ?? (names > 0 ? (names == 1 ? byName : null) : prefixes == 1 ? byPrefix : null);
    }

    /// <summary>The whole id or its first twelve digits.</summary>
    public static bool IsId(string id, string text) =>
        id.Length > 0 && (id == text || (text.Length == ShortId && id.StartsWith(text, StringComparison.Ordinal)));

    public static bool HasName(NodeState node, PlacedContainer container, string text)
    {
        ReadOnlySpan<char> wanted = text.AsSpan();
        foreach (string name in container.Names)
        {
            if (name == text || (wanted[0] == '/' && wanted[1..].SequenceEqual(name)))
            {
                return true;
            }
            if (wanted.Length > name.Length + 1 && wanted.EndsWith(name) && wanted[^(name.Length + 1)] == '/')
            {
                ReadOnlySpan<char> prefix = wanted[..^(name.Length + 1)];
                if (prefix.SequenceEqual(node.Node.Name) || prefix.SequenceEqual(node.Node.Id) || prefix.SequenceEqual($"{node.Node.Id}|{node.Node.Address}"))
                {
                    return true;
                }
            }
        }
        return false;
    }
}
