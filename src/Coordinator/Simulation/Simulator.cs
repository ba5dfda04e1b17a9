using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using RpiAgent.Coordinator.Scheduling;

namespace RpiAgent.Coordinator.Simulation;

/// <summary>Answers cases with the scheduler of the running cluster, as JSON or as text for people.</summary>
internal static class Simulator
{
    private static readonly JsonWriterOptions s_json = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A list with one answer for each case.</summary>
    /// <param name="explain">Adds to each placement a <c>plan</c> with the scores and refusals.</param>
    public static void WriteJson(IEnumerable<SimulationCase> cases, Stream target, bool explain = false)
    {
        using Utf8JsonWriter json = new(target, s_json);
        json.WriteStartArray();
        foreach (SimulationCase one in cases)
        {
            json.WriteStartObject();
            json.WriteString("name", one.Name);
            if (one is PlacementCase placement)
            {
                Write(json, placement, explain);
            }
            else
            {
                SequenceCase story = (SequenceCase)one;
                Write(json, SequenceRunner.Run(story), story.Expect);
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    public static void WriteText(IEnumerable<SimulationCase> cases, TextWriter target)
    {
        foreach (SimulationCase one in cases)
        {
            target.WriteLine(one.Name);
            if (one is PlacementCase placement)
            {
                target.WriteLine(Place(placement).Text());
                continue;
            }
            SequenceOutcome outcome = SequenceRunner.Run((SequenceCase)one);
            foreach (string line in outcome.Log)
            {
                target.WriteLine($"  {line}");
            }
            foreach (ContainerOutcome container in outcome.Containers)
            {
                target.WriteLine($"  = {container.Name} on {container.Node}, {(container.Running ? "running" : "stopped")}");
            }
            target.WriteLine();
        }
    }

    public static PlacementReport Place(PlacementCase one) => one.Request.Problem is { } problem
        ? new(new Unplaceable(PlacementErrors.InvalidRequest, problem), one.Policy.Strategy, [])
        : Scheduler.Explain(one.Cluster(), one.Request.Placement, one.Policy);

    private static void Write(Utf8JsonWriter json, PlacementCase one, bool explain)
    {
        PlacementReport report = Place(one);
        if (report.Outcome is Placed placed)
        {
            json.WriteString("node", placed.Node);
        }
        else
        {
            WriteRefusal(json, one, (Unplaceable)report.Outcome);
        }
        if (explain)
        {
            json.WritePropertyName("plan");
            report.WriteJson(json);
        }
    }

    private static void WriteRefusal(Utf8JsonWriter json, PlacementCase one, Unplaceable refused)
    {
        json.WriteString("error", refused.Error);
        json.WriteStartObject("reasons");
        foreach (PlacementNode node in one.Nodes)
        {
            // A request that is wrong in itself is refused everywhere for the same reason.
            json.WriteString(node.Name, refused.Reasons.GetValueOrDefault(node.Name, refused.Message));
        }
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, SequenceOutcome outcome, SequenceExpectation? expect)
    {
        ImmutableSortedDictionary<string, int> counts = outcome.Counts();
        if (expect is null || expect.Containers is not null)
        {
            json.WriteStartObject("containers");
            foreach (string name in expect?.Containers?.AsEnumerable() ?? outcome.Containers.Select(c => c.Name).Distinct(StringComparer.Ordinal))
            {
                WriteContainers(json, name, outcome);
            }
            json.WriteEndObject();
        }
        if (expect is null || expect.Counts is not null)
        {
            json.WriteStartObject("counts");
            foreach (string node in counts.Keys.Union(expect?.Counts ?? [], StringComparer.Ordinal).Order(StringComparer.Ordinal))
            {
                json.WriteNumber(node, counts.GetValueOrDefault(node));
            }
            json.WriteEndObject();
        }
        if (expect is { CountsSorted: true })
        {
            json.WriteStartArray("countsSorted");
            foreach (int count in counts.Values.Order())
            {
                json.WriteNumberValue(count);
            }
            json.WriteEndArray();
        }
        if (expect is null || expect.Errors)
        {
            json.WriteStartArray("errors");
            foreach (string error in outcome.Errors)
            {
                json.WriteStringValue(error);
            }
            json.WriteEndArray();
        }
    }

    private static void WriteContainers(Utf8JsonWriter json, string name, SequenceOutcome outcome)
    {
        json.WriteStartArray(name);
        foreach (ContainerOutcome container in outcome.Containers.Where(c => CopyName.Means(name, c.Name)))
        {
            json.WriteStartObject();
            json.WriteString("node", container.Node);
            json.WriteBoolean("running", container.Running);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
