using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>What a client sent to be deployed: the Compose file, and whatever of its surroundings was asked for.</summary>
internal sealed record DeployBundle
{
    /// <summary>Name of the stack; empty = the file's own <c>name:</c>.</summary>
    public required string Name { get; init; }
    public required string Compose { get; init; }
    /// <summary>The file's path as the user typed it; begins every message.</summary>
    public string Path { get; init; } = "compose.yaml";
    /// <summary>Contents of env_files by their path in the Compose file.</summary>
    public ImmutableSortedDictionary<string, string> Files { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    public ImmutableSortedDictionary<string, string> Variables { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    /// <summary>Asked for before and not there.</summary>
    public ImmutableHashSet<string> MissingFiles { get; init; } = [];
    public ImmutableHashSet<string> MissingVariables { get; init; } = [];
}

/// <summary>What came of reading a Compose file. Warnings and problems are whole lines, <c>file:line:column: where: what</c>.</summary>
internal abstract record ComposeReading;

internal sealed record ComposeRead(StackSpec Stack, ImmutableArray<string> Warnings) : ComposeReading;

/// <summary>The client has to send these first, or say that it does not have them.</summary>
internal sealed record ComposeNeeds(ImmutableArray<string> Files, ImmutableArray<string> Variables) : ComposeReading;

internal sealed record ComposeRefused(ImmutableArray<string> Problems, ImmutableArray<string> Warnings) : ComposeReading;
