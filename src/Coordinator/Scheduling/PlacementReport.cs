using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace RpiAgent.Coordinator.Scheduling;

/// <summary>One look at a placement: candidates best first with their scores, then the refused with filter and reason.</summary>
/// <param name="Nodes">Empty when the request itself was refused.</param>
internal sealed record PlacementReport(Placement Outcome, Strategy Strategy, ImmutableArray<NodeVerdict> Nodes)
{
    /// <summary>One line: where, why there, and why not elsewhere.</summary>
    public string Line()
    {
        if (Outcome is not Placed placed)
        {
            return Outcome.Explain();
        }
        StringBuilder line = new(placed.Node);
        if (Nodes is [{ Score: { } best }, ..])
        {
            int candidates = Nodes.Count(n => n.Score is not null);
            line.Append(candidates == 1 ? " is the only candidate" : $" is the best of {candidates} ({best})");
        }
        foreach (NodeVerdict refused in Nodes.Where(n => n.Score is null))
        {
            line.Append("; not ").Append(refused.Node).Append(": ").Append(refused.Why);
        }
        return line.ToString();
    }

    /// <summary>Several lines for people, one for each node.</summary>
    public string Text()
    {
        StringBuilder text = new();
        text.Append(Outcome is Placed placed ? $"→ {placed.Node}" : $"✗ {((Unplaceable)Outcome).Error}: {((Unplaceable)Outcome).Message}").Append('\n');
        int width = Nodes.IsEmpty ? 0 : Nodes.Max(n => n.Node.Length);
        foreach (NodeVerdict node in Nodes)
        {
            string mark = node.Score is null ? "✗" : Outcome is Placed p && p.Node == node.Node ? "✓" : "·";
            text.Append("  ").Append(mark).Append(' ').Append(node.Node.PadRight(width)).Append("  ")
                .Append(node.Score is { } score ? score.ToString() : $"{node.Filter}: {node.Why}").Append('\n');
        }
        return text.ToString();
    }

    /// <summary>The same as an object: strategy, candidates with their scores, refused with filter and reason.</summary>
    public void WriteJson(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("strategy", PlacementPolicy.Name(Strategy));
        json.WriteStartArray("candidates");
        foreach (NodeVerdict candidate in Nodes.Where(n => n.Score is not null))
        {
            json.WriteStartObject();
            json.WriteString("node", candidate.Node);
            json.WriteNumber("weight", candidate.Score!.Weight);
            json.WriteNumber("wishesMet", candidate.Score.WishesMet);
            json.WriteNumber("wishes", candidate.Score.Wishes);
            json.WriteNumber("health", candidate.Score.Health);
            json.WriteNumber("running", candidate.Score.Running);
            json.WriteNumber("freeMemoryBytes", candidate.Score.FreeMemoryBytes);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("refused");
        foreach (NodeVerdict refused in Nodes.Where(n => n.Score is null))
        {
            json.WriteStartObject();
            json.WriteString("node", refused.Node);
            json.WriteString("filter", refused.Filter);
            json.WriteString("why", refused.Why);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }
}

/// <summary>Either a score or the filter that refused the node and why.</summary>
internal sealed record NodeVerdict(string Node, NodeScore? Score, string? Filter, string? Why);

/// <param name="Weight">What the strategy compares: spread takes the smallest, binpack the largest.</param>
/// <param name="WishesMet">Soft expressions that hold there, of <paramref name="Wishes"/>.</param>
internal sealed record NodeScore(long Weight, int WishesMet, int Wishes, int Health, int Running, long FreeMemoryBytes, Strategy Strategy)
{
    internal static NodeScore Of(PreparedRequest prepared, NodeState node, in Rank rank) => new(
        prepared.Policy.Strategy == Strategy.Binpack ? -rank.Weight : rank.Weight,
        prepared.Wishes.Length - rank.Unmet, prepared.Wishes.Length, node.Node.Health, node.Running, node.FreeMemory, prepared.Policy.Strategy);

    public override string ToString()
    {
        string wishes = Wishes == 0 ? "" : $"{WishesMet} of {Wishes} wishes met, ";
        string weight = Strategy == Strategy.Random ? "drawn" : $"weight {Weight.ToString(CultureInfo.InvariantCulture)}";
        return $"{wishes}{weight}, {Running} running, {Amounts.Memory(FreeMemoryBytes)} free";
    }
}
