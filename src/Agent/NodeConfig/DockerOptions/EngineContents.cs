using System.Collections.Immutable;

namespace RpiAgent.Agent.NodeConfig.DockerOptions;

/// <summary>What an engine has. With options such as --data-root it starts as well, but as another one: with nothing of it.</summary>
/// <param name="SwarmNode">Its id in the swarm; empty in none, null when it cannot be told.</param>
/// <param name="Containers">Ids of all, running or not, but those that are removed as soon as they stop.</param>
internal sealed record EngineContents(string? SwarmNode, ImmutableArray<string> Containers)
{
    /// <summary>Where it keeps all this, and by which storage driver; empty when it did not say.</summary>
    public string Store { get; init; } = "";

    /// <summary>
    /// In the same store nothing is lost by options: what is gone was removed, or left the swarm, at somebody's order meanwhile, as a node does
    /// that has just got another address.
    /// </summary>
    /// <returns>Null when the engine still has all this, else without what it is.</returns>
    public string? MissingIn(EngineContents now)
    {
        if (Store.Length > 0 && now.Store == Store)
        {
            return null;
        }

        int gone = Containers.Except(now.Containers, StringComparer.Ordinal).Count();
        return gone > 0 ? $"without {(gone == Containers.Length ? "its containers" : $"{gone} of its {Containers.Length} containers")}, as with another data root"
            : SwarmNode is { Length: > 0 } && now.SwarmNode is not null && now.SwarmNode != SwarmNode ? "without its place in the swarm, as with another data root"
            : null;
    }
}
