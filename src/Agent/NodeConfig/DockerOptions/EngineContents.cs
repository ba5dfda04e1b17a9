using System.Collections.Immutable;

namespace RpiAgent.Agent.NodeConfig.DockerOptions;

/// <summary>What an engine has. With options such as --data-root it starts as well, but as another one: with nothing of it.</summary>
/// <param name="SwarmNode">Its id in the swarm; empty in none, null when it cannot be told.</param>
/// <param name="Containers">Ids of all, running or not, but those that are removed as soon as they stop.</param>
internal sealed record EngineContents(string? SwarmNode, ImmutableArray<string> Containers)
{
    /// <returns>Null when the engine still has all this, else without what it is.</returns>
    public string? MissingIn(EngineContents now)
    {
        int gone = Containers.Except(now.Containers, StringComparer.Ordinal).Count();
        return gone > 0 ? $"without {(gone == Containers.Length ? "its containers" : $"{gone} of its {Containers.Length} containers")}, as with another data root"
            : SwarmNode is { Length: > 0 } && now.SwarmNode is not null && now.SwarmNode != SwarmNode ? "without its place in the swarm, as with another data root"
            : null;
    }
}
