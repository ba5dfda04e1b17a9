namespace RpiAgent.Coordinator.Scheduling;

/// <summary>Node labels, names and ids: answered once for each node and remembered.</summary>
internal sealed class ConstraintFilter(Expression expression, bool[] matches) : PlacementFilter("constraint", expression.Text)
{
    public static ConstraintFilter Prepare(PlacementCluster cluster, Expression expression) =>
        new(expression, cluster.Matches(FilterKind.Constraint, expression, node => Satisfies(node, expression)));

    public override bool Keeps(NodeState node) => matches[node.Index];

    public override string Why(NodeState node) =>
        expression.Key == "node" ? $"{expression.Text} is asked"
        : node.Label(expression.Key) is { } value ? $"{expression.Text} is asked, its {expression.Key} is {value}"
        : $"{expression.Text} is asked, it has no {expression.Key}";

    private static bool Satisfies(NodeState node, Expression expression)
    {
        if (expression.Key == "node")
        {
            bool any = expression.Pattern.Matches(node.Node.Name) || expression.Pattern.Matches(node.Node.Id)
                || (node.Node.Address.Length > 0 && expression.Pattern.Matches($"{node.Node.Id}|{node.Node.Address}"));
            return any != expression.Negated;
        }
        if (expression.Key == "architecture" && node.Node.Architecture.Length > 0)
        {
            // aarch64 and arm64 are one and the same.
            return (expression.Pattern.Matches(node.Node.Architecture) || expression.Pattern.Matches(Platforms.Architecture(node.Node.Architecture))) != expression.Negated;
        }
        string? value = node.Label(expression.Key);
        return value is null && expression.Pattern.IsAnything ? false : expression.Matches(value ?? "");
    }
}

/// <summary>Images on the node: id as stored, repo:tag and repo.</summary>
internal sealed class ImageAffinityFilter(Expression expression, bool[] matches) : PlacementFilter("affinity", expression.Text)
{
    public static ImageAffinityFilter Prepare(PlacementCluster cluster, Expression expression) =>
        new(expression, cluster.Matches(FilterKind.Affinity, expression, node => node.Node.Images.Any(i => Names(i).Any(expression.Pattern.Matches)) != expression.Negated));

    public override bool Keeps(NodeState node) => matches[node.Index];
    public override string Why(NodeState node) => $"{expression.Text} is asked, {(expression.Negated ? "an" : "no")} image there matches";

    private static IEnumerable<string> Names(PlacementImage image) =>
        image.Tags.SelectMany(t => new[] { t, Repository(t) }).Prepend(image.Id);

    private static string Repository(string tag) =>
        tag.LastIndexOf(':') is > 0 and var colon && colon > tag.LastIndexOf('/') ? tag[..colon] : tag;
}

/// <summary>Containers on the node, by id and name or by one of their labels.</summary>
internal sealed class ContainerAffinityFilter(Expression expression, ContainerCounter counter) : PlacementFilter("affinity", expression.Text)
{
    public static ContainerAffinityFilter Prepare(PlacementCluster cluster, Expression expression)
    {
        if (expression.Key != "container")
        {
            return new(expression, cluster.Counter(ContainerKey.Affinity, expression.Text, (_, c) => HasLabel(c, expression)));
        }
        ContainerCounter counter = cluster.Counter(ContainerKey.Affinity, expression.Text, (n, c) => IsContainer(n, c, expression));
        if (counter.Total == 0 && expression.Pattern.IsPlain)
        {
            // As everywhere else, the beginning of an id will do when it is the only one.
            ContainerCounter prefix = cluster.Counter(ContainerKey.IdPrefix, expression.Value, (_, c) => IdBegins(c, expression.Value));
            counter = prefix.Total == 1 ? prefix : counter;
        }
        return new(expression, counter);
    }

    public override bool Keeps(NodeState node) => counter[node] > 0 != expression.Negated;

    public override string Why(NodeState node) => expression.Negated
        ? $"{expression.Text} is asked, {counter[node]} container{(counter[node] == 1 ? "" : "s")} there match{(counter[node] == 1 ? "es" : "")} it"
        : $"{expression.Text} is asked, no container there matches it";

    private static bool HasLabel(PlacedContainer container, Expression expression) =>
        container.Labels.TryGetValue(expression.Key, out string? value) ? expression.Pattern.Matches(value)
        : !expression.Pattern.IsAnything && expression.Pattern.Matches("");

    private static bool IsContainer(NodeState node, PlacedContainer container, Expression expression)
    {
        bool hasId = !container.InFlight && container.Id.Length > 0;
        if (hasId && expression.Pattern.Matches(container.Id))
        {
            return true;
        }
        foreach (string name in container.Names)
        {
            if (expression.Pattern.Matches(name))
            {
                return true;
            }
        }
        return expression.Pattern.IsPlain
            && ((hasId && ContainerLookup.IsId(container.Id, expression.Value))
                || ContainerLookup.IsId(container.ClusterId, expression.Value)
                || ContainerLookup.HasName(node, container, expression.Value));
    }

    private static bool IdBegins(PlacedContainer container, string text) =>
        (!container.InFlight && container.Id.StartsWith(text, StringComparison.Ordinal)) || container.ClusterId.StartsWith(text, StringComparison.Ordinal);
}

/// <summary>Exact node names, <c>|</c> between them; the key means nothing.</summary>
internal sealed class WhitelistFilter(Expression expression) : PlacementFilter("whitelist", expression.Text)
{
    private readonly string[] _names = expression.Value.Split('|');

    public override bool Keeps(NodeState node) => _names.Contains(node.Node.Name, StringComparer.Ordinal) != expression.Negated;
    public override string Why(NodeState node) => expression.Negated ? $"excluded by {expression.Text}" : $"not in the list {expression.Text}";
}
