using System.Text.Json;

namespace RpiAgent.Tests.Unit.Scheduling;

/// <summary>The public acceptance cases, and what we answer where a quirk tells us to differ from classic Swarm.</summary>
internal static class PublicCases
{
    /// <summary>Node, or error word, by name of the case; the reasons stand in docs/decisions/0040 to 0042.</summary>
    public static IReadOnlyDictionary<string, string> Quirks { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["spread ignores existing reservations when the request reserves nothing"] = "pi2",
        ["random never checks resources"] = "no-resources",
        ["memory of exited containers stays reserved"] = "pi1",
        ["a dot in a plain value matches any character"] = "unsatisfiable",
        ["parentheses and bar in a plain value act as an alternation"] = "unsatisfiable",
        ["an uncompilable regular expression matches nothing"] = "invalid-expression",
        ["the bare engine id does not pin because the node id carries the address"] = "pi1",
        ["brackets in a plain value are regex groups so an exact operatingsystem string may fail"] = "pi1",
        ["a malformed JSON list in the label is silently dropped"] = "invalid-request",
        ["a one-letter key is invalid"] = "unsatisfiable",
        ["affinity to a short container id is not resolved"] = "pi1",
        ["only the first name of a container counts"] = "pi1",
        ["tcp and udp on the same number conflict"] = "pi1",
        ["a port range is compared as text and not expanded"] = "pi2",
        ["a host-network request ignores ports published by bridged containers"] = "pi2",
        ["a host-network container still being created is not seen"] = "pi2",
        ["ipc sharing is not treated as a dependency"] = "pi1",
        ["the operator of a whitelist is ignored"] = "pi2",
        ["the pull of a local network is only soft"] = "no-resources",
    };

    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "Scheduling", "cases");

    public static JsonElement[] Placements { get; } = Load("placement.json");
    public static JsonElement[] Sequences { get; } = Load("sequences.json");

    public static JsonElement Named(JsonElement[] cases, string name) => Array.Find(cases, c => c.GetProperty("name").GetString() == name);

    private static JsonElement[] Load(string file) =>
        [.. JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, file))).RootElement.EnumerateArray()];
}
