using System.Text;
using System.Text.Json;
using RpiAgent.Coordinator.Scheduling;
using RpiAgent.Coordinator.Simulation;
using Xunit;

namespace RpiAgent.Tests.Unit.Scheduling;

public sealed class PublicCaseTests
{
    public static TheoryData<string> Placements => [.. PublicCases.Placements.Select(c => c.GetProperty("name").GetString()!)];
    public static TheoryData<string> Sequences => [.. PublicCases.Sequences.Select(c => c.GetProperty("name").GetString()!)];

    [Theory, MemberData(nameof(Placements))]
    public void A_single_placement_is_answered_as_the_case_says(string name)
    {
        JsonElement one = PublicCases.Named(PublicCases.Placements, name);
        PlacementCase read = Assert.IsType<PlacementCase>(Assert.Single(CaseReader.Read(Encoding.UTF8.GetBytes(one.GetRawText()), out var warnings)));
        Assert.Empty(warnings);

        PlacementReport report = Simulator.Place(read);

        Assert.Contains(Word(report.Outcome), Allowed(one));
        Assert.NotEmpty(report.Text());
        if (report.Outcome is Unplaceable { Error: "unsatisfiable" or "no-resources" or "no-healthy-node" } refused)
        {
            Assert.Equal(read.Nodes.Select(n => n.Name).Order(StringComparer.Ordinal), refused.Reasons.Keys);
        }
    }

    [Theory, MemberData(nameof(Sequences))]
    public void A_sequence_ends_as_the_case_says(string name)
    {
        JsonElement one = PublicCases.Named(PublicCases.Sequences, name);
        var cases = CaseReader.Read(Encoding.UTF8.GetBytes(one.GetRawText()), out var warnings);
        Assert.Empty(warnings);
        using MemoryStream answer = new();

        Simulator.WriteJson(cases, answer);

        JsonElement got = JsonDocument.Parse(answer.ToArray()).RootElement[0];
        JsonElement expected = one.GetProperty("expect");
        Assert.Equal(expected.EnumerateObject().Count() + 1, got.EnumerateObject().Count());
        foreach (JsonProperty property in expected.EnumerateObject())
        {
            Assert.True(JsonElement.DeepEquals(property.Value, got.GetProperty(property.Name)), $"{property} but got {got}");
        }
    }

    internal static string Word(Placement placement) => placement is Placed placed ? placed.Node : ((Unplaceable)placement).Error;

    internal static string[] Allowed(JsonElement one)
    {
        if (one.TryGetProperty("quirk", out _))
        {
            return [PublicCases.Quirks[one.GetProperty("name").GetString()!]];
        }
        JsonElement expect = one.GetProperty("expect");
        return expect.TryGetProperty("oneOf", out JsonElement several) ? [.. several.EnumerateArray().Select(n => n.GetString()!)]
            : [expect.TryGetProperty("node", out JsonElement node) ? node.GetString()! : expect.GetProperty("error").GetString()!];
    }
}
