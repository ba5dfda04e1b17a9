using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace RpiAgent.Tests.EndToEnd.Support;

/// <summary>
/// One of the public placement cases (tests/Unit/Scheduling/cases/placement.json) in the words of a running cluster: labels of nodes, a stack
/// with the containers that are there before, and a stack with the one to be placed. Host ports are moved up, for WordPress has port 80.
/// </summary>
internal sealed class ClassicCase
{
    private const string Image = "localhost/wordpress-caddy:1";
    private readonly JsonObject _case;

    private ClassicCase(JsonObject one) => _case = one;

    public static ClassicCase Find(string name)
    {
        using FileStream file = File.OpenRead(Path.Join(Rig.Repository, "tests", "Unit", "Scheduling", "cases", "placement.json"));
        JsonObject[] cases = JsonSerializer.Deserialize<JsonObject[]>(file)!;
        return new ClassicCase(cases.Single(one => (string?)one["name"] == name));
    }

    private IEnumerable<JsonObject> Nodes => _case["nodes"]!.AsArray().Select(node => node!.AsObject());
    private JsonObject Request => _case["request"]!.AsObject();

    /// <summary>Where it may go, or the error word.</summary>
    public (string[] Nodes, string? Error) Expected
    {
        get
        {
            JsonObject expect = _case["expect"]!.AsObject();
            string[] nodes = expect["node"] is { } node ? [(string)node!] : [.. expect["oneOf"]?.AsArray().Select(one => (string)one!) ?? []];
            return (nodes, (string?)expect["error"]);
        }
    }

    /// <summary>KEY=VALUE for each node; a Pi that the case does not have is closed by its container slots.</summary>
    public Dictionary<string, string[]> Labels(IEnumerable<string> pis)
    {
        Dictionary<string, string[]> labels = Nodes.ToDictionary(node => (string)node["name"]!, node =>
            node["labels"]!.AsObject().Select(label => $"{label.Key}={label.Value}").ToArray());
        foreach (string other in pis.Where(pi => !labels.ContainsKey(pi)))
        {
            labels[other] = ["containerslots=0"];
        }

        return labels;
    }

    /// <summary>The Compose file of what is there before; null when nothing is.</summary>
    public string? Before()
    {
        JsonObject services = [];
        foreach (JsonObject node in Nodes)
        {
            foreach (JsonObject container in node["containers"]!.AsArray().Select(one => one!.AsObject()))
            {
                JsonObject service = Service(container);
                service["deploy"] = new JsonObject { ["placement"] = new JsonObject { ["constraints"] = new JsonArray($"node=={node["name"]}") } };
                services[(string)container["name"]!] = service;
            }
        }

        return services.Count == 0 ? null : new JsonObject { ["services"] = services }.ToJsonString();
    }

    /// <summary>The Compose file of the one to be placed; its service is called <c>asked</c>.</summary>
    public string Asked(string before)
    {
        JsonObject service = Service(Request);
        JsonArray environment = [];
        foreach (string constraint in Texts(Request["constraints"]))
        {
            environment.Add($"constraint:{constraint.Replace("$", "$$", StringComparison.Ordinal)}");
        }

        foreach (string affinity in Texts(Request["affinities"]))
        {
            environment.Add($"affinity:{Renamed(affinity, before)}");
        }

        service["environment"] = environment;
        if ((string?)_case["strategy"] is string strategy)
        {
            service["x-rpi-strategy"] = strategy;
        }

        return new JsonObject { ["services"] = new JsonObject { ["asked"] = service } }.ToJsonString();
    }

    private static JsonObject Service(JsonObject container)
    {
        JsonObject service = new() { ["image"] = Image, ["entrypoint"] = new JsonArray("sleep", "3600"), ["stop_signal"] = "SIGKILL", ["healthcheck"] = new JsonObject { ["disable"] = true } };
        if (container["labels"] is JsonObject { Count: > 0 } labels)
        {
            service["labels"] = labels.DeepClone();
        }

        if (Texts(container["ports"]).ToArray() is { Length: > 0 } ports)
        {
            service["ports"] = new JsonArray([.. ports.Select(port => JsonValue.Create(MovedUp(port)))]);
        }

        return service;
    }

    /// <summary>A container is called STACK.SERVICE.1 here.</summary>
    private string Renamed(string expression, string before) => Nodes.SelectMany(node => node["containers"]!.AsArray()).Aggregate(expression, (text, container) =>
        text == $"container=={container!["name"]}" || text == $"container!={container["name"]}" ? $"{text[..11]}{before}.{container["name"]}.1" : text);

    private static IEnumerable<string> Texts(JsonNode? list) => list?.AsArray().Select(one => (string)one!) ?? [];

    /// <summary><c>[ADDRESS:]HOST:CONTAINER</c> with another host port.</summary>
    private static string MovedUp(string port)
    {
        string[] parts = port.Split(':');
        parts[^2] = (20000 + int.Parse(parts[^2], CultureInfo.InvariantCulture)).ToString(CultureInfo.InvariantCulture);
        return string.Join(':', parts);
    }
}
