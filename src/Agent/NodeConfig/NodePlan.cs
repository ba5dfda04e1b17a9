using System.Collections.Immutable;

namespace RpiAgent.Agent.NodeConfig;

/// <summary>What to do, in order; nothing at all when it is refused.</summary>
internal sealed record NodePlan(Refusal? Refusal, ImmutableArray<NodeStep> Steps, ImmutableArray<string> Warnings)
{
    public static NodePlan Refuse(Refusal refusal) => new(refusal, [], []);
}

/// <summary>A step needs no further choice: it happens, or it throws.</summary>
internal abstract record NodeStep
{
    /// <summary>In words, for people and the log.</summary>
    public abstract override string ToString();
}

internal sealed record WriteFile(string Path, byte[] Content) : NodeStep
{
    public override string ToString() => $"write {Path}";
}

internal sealed record RemoveFiles(ImmutableArray<string> Paths) : NodeStep
{
    public override string ToString() => $"remove {string.Join(", ", Paths)}";
}

internal sealed record SetHostName(string Name) : NodeStep
{
    public override string ToString() => $"set the host name to {Name}";
}

/// <summary>Swaps files and takes the link down and up, as one transaction that the coordinator must confirm.</summary>
/// <param name="Files">New content by path.</param>
internal sealed record ChangeAddress(AddressWish Wish, NetworkBackend Backend, ImmutableSortedDictionary<string, byte[]> Files) : NodeStep
{
    /// <summary>As in the specification.</summary>
    public string OrderedBy { get; init; } = NodeSpec.Person;

    public override string ToString() => $"set {Wish.Interface} to {(Wish.Method == AddressMethod.Static ? $"{Wish.Address}/{Wish.PrefixLength}" : "dhcp")} ({string.Join(", ", Files.Keys)})";
}

/// <summary>Writes the engine's options and restarts it; the old ones come back when it does not start.</summary>
/// <param name="Files">New content by path.</param>
internal sealed record ChangeDockerOptions(ImmutableSortedDictionary<string, byte[]> Files) : NodeStep
{
    public override string ToString() => $"write {string.Join(", ", Files.Keys)} and restart docker";
}
