using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Coordinator.Stacks;
using Xunit;

namespace RpiAgent.Tests.Unit.Stacks;

/// <summary>Reads Compose text as a client would have it read, with nothing to answer unless given.</summary>
internal static class Composed
{
    public static ComposeReading Read(string text, string name = "blog", Dictionary<string, string>? files = null, Dictionary<string, string>? variables = null)
    {
        DeployBundle bundle = new()
        {
            Name = name,
            Compose = text,
            Path = "c.yaml",
            Files = (files ?? []).ToImmutableSortedDictionary(),
            Variables = (variables ?? []).ToImmutableSortedDictionary(),
        };
        ComposeReading reading = ComposeReader.Read(bundle);
        // The second round: whatever was asked for and not given is missing.
        return reading is ComposeNeeds needs
            ? ComposeReader.Read(bundle with { MissingFiles = [.. needs.Files], MissingVariables = [.. needs.Variables] })
            : reading;
    }

    public static StackSpec Stack(string text, string name = "blog", Dictionary<string, string>? files = null, Dictionary<string, string>? variables = null)
    {
        ComposeReading reading = Read(text, name, files, variables);
        return reading is ComposeRead read ? read.Stack
            : throw new Xunit.Sdk.XunitException(string.Join('\n', reading is ComposeRefused refused ? refused.Problems : [reading.ToString()]));
    }

    /// <summary>The only service, given as the lines under its name (no indentation needed beyond their own).</summary>
    public static WorkloadSpec Service(string lines) => Assert.Single(Stack(Around(lines)).Workloads);

    public static ImmutableArray<string> Problems(string text) => Assert.IsType<ComposeRefused>(Read(text)).Problems;

    public static ImmutableArray<string> ProblemsOf(string lines) => Problems(Around(lines));

    public static ImmutableArray<string> Warnings(string text) => Assert.IsType<ComposeRead>(Read(text)).Warnings;

    public static string Around(string lines) =>
        $"services:\n  web:\n    image: caddy:2\n{string.Join('\n', lines.Trim('\n').Split('\n').Select(line => $"    {line}"))}\nvolumes:\n  data:\nnetworks:\n  back:\n";
}
