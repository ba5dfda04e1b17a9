using System.CommandLine;
using System.Text.Json;
using RpiAgent.Coordinator.Simulation;
using RpiAgent.Tests.Unit.Scheduling;
using Xunit;

namespace RpiAgent.Tests.Unit.Simulation;

public sealed class SimulateCommandTests
{
    [Theory, InlineData("placement.json"), InlineData("sequences.json")]
    public async Task Every_public_case_is_answered_by_the_command(string file)
    {
        (int code, string output, string errors) = await Run(Path.Combine(PublicCases.Folder, file), "--json");

        Assert.Equal((0, ""), (code, errors));
        JsonElement[] answers = [.. JsonDocument.Parse(output).RootElement.EnumerateArray()];
        JsonElement[] cases = file == "placement.json" ? PublicCases.Placements : PublicCases.Sequences;
        Assert.Equal(cases.Select(c => c.GetProperty("name").GetString()), answers.Select(a => a.GetProperty("name").GetString()));
        foreach ((JsonElement one, JsonElement answer) in cases.Zip(answers).Where(_ => file == "placement.json"))
        {
            string word = answer.TryGetProperty("node", out JsonElement node) ? node.GetString()! : answer.GetProperty("error").GetString()!;
            Assert.Contains(word, PublicCaseTests.Allowed(one));
            Assert.True(answer.TryGetProperty("node", out _) || answer.GetProperty("reasons").EnumerateObject().Count() == one.GetProperty("nodes").GetArrayLength());
        }
    }

    [Fact]
    public async Task Without_json_a_person_reads_the_node_and_why_not_the_others()
    {
        (int code, string output, _) = await RunText("""
            {"name": "web near the ssd", "nodes": [
              {"name": "pi1", "cpus": 4, "memory": 1000, "labels": {"disk": "sd"}},
              {"name": "pi2", "cpus": 4, "memory": 1000, "labels": {"disk": "ssd"}}],
             "request": {"constraints": ["disk==ssd"]}}
            """);

        Assert.Equal(0, code);
        Assert.Contains("→ pi2", output, StringComparison.Ordinal);
        Assert.Contains("constraint: disk==ssd is asked, its disk is sd", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_explain_the_plan_is_there_as_json()
    {
        (int code, string output, _) = await Run(Path.Combine(PublicCases.Folder, "placement.json"), "--json", "--explain");

        Assert.Equal(0, code);
        foreach ((JsonElement one, JsonElement answer) in PublicCases.Placements.Zip(JsonDocument.Parse(output).RootElement.EnumerateArray()))
        {
            JsonElement plan = answer.GetProperty("plan");
            int told = plan.GetProperty("candidates").GetArrayLength() + plan.GetProperty("refused").GetArrayLength();
            Assert.True(told == one.GetProperty("nodes").GetArrayLength() || (told == 0 && answer.TryGetProperty("error", out _)));
        }
    }

    [Theory]
    [InlineData("{", "line 1")]
    [InlineData("[{\"name\": \"a\"}\n,]", "line 2")]
    [InlineData("{}", "$.name: expected text, found nothing")]
    [InlineData("[{\"name\": \"a\", \"nodes\": {}}]", "$[0].nodes: expected a list")]
    [InlineData("{\"name\": \"a\", \"nodes\": [{\"name\": \"n\", \"memory\": 1.5}], \"request\": {}}", "$.nodes[0].memory: expected a whole number")]
    [InlineData("{\"name\": \"a\", \"nodes\": [{\"name\": \"n\"}, {\"name\": \"n\"}], \"request\": {}}", "$.nodes[1].name: there are two nodes called n")]
    [InlineData("{\"name\": \"a\", \"nodes\": [], \"request\": {\"ports\": [\"80:x\"]}}", "$.request.ports[0]: '80:x': 'x' is not a port")]
    [InlineData("{\"name\": \"a\", \"nodes\": [], \"strategy\": \"tight\", \"request\": {}}", "$.strategy: expected spread, binpack or random")]
    [InlineData("{\"name\": \"a\", \"nodes\": [], \"options\": {\"overcommit\": -1}, \"request\": {}}", "$.options.overcommit: expected a share above -1")]
    [InlineData("{\"name\": \"a\", \"nodes\": [], \"steps\": [{\"op\": \"explode\"}]}", "$.steps[0].op: expected run")]
    [InlineData("{\"name\": \"a\", \"nodes\": [], \"steps\": [{\"op\": \"powerOff\", \"node\": \"pi9\"}]}", "there is no node called pi9")]
    [InlineData("{\"name\": \"a\", \"nodes\": []}", "a case has either 'request'")]
    [InlineData("{\"name\": \"a\", \"name\": \"b\", \"nodes\": []}", "not valid JSON")]
    [InlineData("\"text\"", "expected a list")]
    public async Task A_bad_file_is_refused_with_the_place(string content, string message)
    {
        (int code, string output, string errors) = await RunText(content);

        Assert.Equal((78, ""), (code, output));
        Assert.Contains(message, errors, StringComparison.Ordinal);
        Assert.Single(errors.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task A_missing_file_is_refused()
    {
        (int code, _, string errors) = await Run(Path.Combine(Path.GetTempPath(), "no-such-case-file.json"));
        Assert.Equal(78, code);
        Assert.Contains("cannot read", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_field_is_told_and_passed_over()
    {
        (int code, string output, string errors) = await RunText(
            """{"name": "a", "nodes": [{"name": "pi1", "colour": "red"}], "request": {"constrains": ["x==y"]}}""");
        Assert.Equal(0, code);
        Assert.Contains("→ pi1", output, StringComparison.Ordinal);
        Assert.Contains("$.nodes[0].colour", errors, StringComparison.Ordinal);
        Assert.Contains("$.request.constrains", errors, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Errors)> RunText(string content)
    {
        string file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, content);
            return await Run(file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static async Task<(int Code, string Output, string Errors)> Run(params string[] args)
    {
        using StringWriter output = new(), errors = new();
        RootCommand root = new() { SimulateCommand.Create() };
        int code = await root.Parse(["simulate", .. args]).InvokeAsync(new InvocationConfiguration { Output = output, Error = errors });
        return (code, output.ToString(), errors.ToString());
    }
}
