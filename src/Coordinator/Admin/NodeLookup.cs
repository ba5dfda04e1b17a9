using RpiAgent.Coordinator.Model;

namespace RpiAgent.Coordinator.Admin;

/// <summary>Finds what an operator names, or says what there is.</summary>
internal static class NodeLookup
{
    private const int ShortestPrefix = 4;

    /// <summary>By name, id, or an id's beginning of four characters or more that only one node has.</summary>
    /// <exception cref="AdminRefusal">None or several.</exception>
    public static NodeView Find(ClusterSnapshot cluster, string text)
    {
        NodeView[] found =
        [
            .. cluster.Nodes.Values.Where(node => node.Name == text || node.Id.Value == text) is var exact && exact.Any()
                ? exact
                : cluster.Nodes.Values.Where(node => text.Length >= ShortestPrefix && node.Id.Value.StartsWith(text, StringComparison.Ordinal)),
        ];
        return found switch
        {
            [NodeView one] => one,
            [] => throw new AdminRefusal(RefusalKind.Unknown, $"there is no node '{text}'; {Known("nodes", cluster.Nodes.Values.Select(node => node.Name))}"),
            _ => throw new AdminRefusal(RefusalKind.BadRequest, $"'{text}' means several nodes: {string.Join(", ", found.Select(node => $"{node.Name} ({node.Id})"))}"),
        };
    }

    /// <exception cref="AdminRefusal">Not deployed.</exception>
    public static StackSpec Stack(ClusterSnapshot cluster, string name) =>
        cluster.Stacks.TryGetValue(name, out StackSpec? stack) ? stack
            : throw new AdminRefusal(RefusalKind.Unknown, $"there is no stack '{name}'; {Known("stacks", cluster.Stacks.Keys)}");

    private static string Known(string what, IEnumerable<string> names) =>
        names.Order(StringComparer.Ordinal).ToArray() is { Length: > 0 } all ? $"the {what} are {string.Join(", ", all)}" : $"there are no {what}";
}
