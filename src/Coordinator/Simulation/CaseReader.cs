using System.Collections.Immutable;
using System.Text.Json;
using RpiAgent.Coordinator.Scheduling;

namespace RpiAgent.Coordinator.Simulation;

/// <summary>Reads a case file: one case or a list, each with a <c>request</c> or with <c>steps</c>.</summary>
internal static class CaseReader
{
    private static readonly string[] s_known =
        ["name", "rule", "strategy", "options", "note", "quirk", "nodes", "request", "steps", "expect", "volumes"];

    /// <param name="warnings">Fields nobody reads, with their place.</param>
    /// <exception cref="CaseFileException">With line or path and the reason.</exception>
    public static ImmutableArray<SimulationCase> Read(ReadOnlyMemory<byte> json, out ImmutableArray<string> warnings)
    {
        ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
        List<string> unread = [];
        try
        {
            using JsonDocument document = JsonDocument.Parse(
                json.Span.StartsWith(mark) ? json[3..] : json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            CaseValue root = new(document.RootElement, "$");
            ImmutableArray<SimulationCase> cases = root.Json.ValueKind == JsonValueKind.Object
                ? [Case(root, unread)] : [.. root.List().Select(c => Case(c, unread))];
            warnings = [.. unread];
            return cases;
        }
        catch (JsonException bad)
        {
            string problem = CaseValue.OneLine(bad.Message.Split(" LineNumber:")[0].Split(" Path:")[0]);
            throw new CaseFileException($"line {bad.LineNumber + 1}, byte {bad.BytePositionInLine + 1}: not valid JSON: {problem}", bad);
        }
        catch (InvalidOperationException bad)
        {
            throw new CaseFileException($"a text holds half of a character pair: {bad.Message}", bad);
        }
    }

    internal static void Unread(CaseValue value, string[] known, List<string> unread) =>
        unread.AddRange(value.Members().Where(m => !known.Contains(m.Key, StringComparer.Ordinal))
            .Select(m => CaseValue.OneLine($"{m.Value.Path}: unknown, not looked at")));

    private static SimulationCase Case(CaseValue value, List<string> unread)
    {
        Unread(value.Object(), s_known, unread);
        string name = value["name"].RequiredText();
        PlacementPolicy policy = Policy(value);
        ImmutableArray<PlacementNode> nodes = [.. value["nodes"].List().Select(n => NodeReader.Node(n, unread))];
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach ((PlacementNode node, int i) in nodes.Select((n, i) => (n, i)))
        {
            if (!names.Add(node.Name))
            {
                throw value["nodes"].List()[i]["name"].Wrong($"there are two nodes called {node.Name}");
            }
        }
        ImmutableDictionary<string, string> homes = value["volumes"].Map();
        homes = homes.SetItems(nodes.SelectMany(n => homes.Where(h => h.Value == n.Name).Select(h => KeyValuePair.Create(h.Key, n.Id))));
        return (value["request"].Exists, value["steps"].Exists) switch
        {
            (true, false) => new PlacementCase(name, policy, nodes, homes, RequestReader.Request(value["request"], unread)),
            (false, true) => new SequenceCase(name, policy, nodes, homes,
                [.. value["steps"].List().Select(s => StepReader.Step(s, names, unread))], StepReader.Expectation(value["expect"])),
            _ => throw value.Wrong("a case has either 'request' (a placement) or 'steps' (a sequence)"),
        };
    }

    private static PlacementPolicy Policy(CaseValue value)
    {
        PlacementPolicy policy = PlacementPolicy.Default;
        if (value["strategy"] is { Exists: true } strategy)
        {
            policy = PlacementPolicy.TryParseStrategy(strategy.RequiredText(), out Strategy known)
                ? policy with { Strategy = known } : throw strategy.Bad("spread, binpack or random");
        }
        if (value["options"] is not { Exists: true } options)
        {
            return policy;
        }
        if (options["overcommit"] is { Exists: true } overcommit)
        {
            double share = (double)overcommit.Number(0);
            policy = share is > -1 and <= 1000 ? policy with { OverCommit = share } : throw overcommit.Bad("a share above -1 and up to 1000");
        }
        return options["filters"].Exists ? policy with { Filters = [.. options["filters"].List().Select(Filter)] } : policy;
    }

    private static FilterKind Filter(CaseValue value) =>
        PlacementPolicy.TryParseFilter(value.RequiredText(), out FilterKind kind) ? kind
            : throw value.Bad(string.Join(", ", PlacementPolicy.AllFilters.Select(PlacementPolicy.Name)));
}
