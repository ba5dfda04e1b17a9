using System.Collections.Immutable;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>What the readers of one file share: the stack's name, what the file declares, and where to report.</summary>
internal sealed record StackScope(string Stack, DeployBundle Bundle, ComposeReport Report, Interpolation Variables)
{
    /// <summary>Files without <c>services:</c> know no networks and volumes sections: names are taken as they come.</summary>
    public bool FirstVersion { get; init; }
    public ImmutableSortedSet<string> Services { get; init; } = [];
    public ImmutableSortedDictionary<string, DeclaredNetwork> Networks { get; init; } = ImmutableSortedDictionary<string, DeclaredNetwork>.Empty;
    public ImmutableSortedDictionary<string, DeclaredVolume> Volumes { get; init; } = ImmutableSortedDictionary<string, DeclaredVolume>.Empty;

    /// <summary>Cluster name of what the file calls <paramref name="name"/>.</summary>
    public string Own(string name) => $"{Stack}_{name}";

    public static string Suggest(string word, IEnumerable<string> known) => Nearest.To(word, known) is { } near ? $"; did you mean '{near}'?" : "";
}

/// <param name="Name">Cluster name.</param>
internal sealed record DeclaredNetwork(string Name, bool External, bool Internal, bool Encrypted, Place At);

/// <param name="Name">Cluster name.</param>
internal sealed record DeclaredVolume(string Name, bool External, Place At);
