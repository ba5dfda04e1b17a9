using System.Collections.Immutable;

namespace RpiAgent.Agent.Swarm;

/// <summary>One change of this engine's part in the swarm, chosen by the leader. Every order may come twice.</summary>
internal abstract record SwarmOrder;

/// <param name="ForceNewCluster">Quorum is lost for good: this manager goes on alone with what it knows.</param>
internal sealed record InitSwarm(string AdvertiseAddress, bool ForceNewCluster) : SwarmOrder
{
    /// <summary>Where overlay networks get their addresses from, in /24s; empty = the engine's own choice, which is all of 10.0.0.0/8.</summary>
    public string AddressPool { get; init; } = "";
}

/// <param name="Managers">host:port each.</param>
internal sealed record JoinSwarm(string AdvertiseAddress, ImmutableArray<string> Managers, string JoinToken) : SwarmOrder;

internal sealed record LeaveSwarm(bool Force) : SwarmOrder;

internal sealed record ReadSwarmTokens : SwarmOrder;

internal sealed record SetSwarmRole(string SwarmNodeId, bool Manager) : SwarmOrder;

internal sealed record RemoveSwarmNode(string SwarmNodeId, bool Force) : SwarmOrder;

/// <param name="Mtu">0 = the engine's default.</param>
internal sealed record CreateSwarmNetwork(string Name, ImmutableSortedDictionary<string, string> Labels, bool Encrypted, int Mtu, bool Internal) : SwarmOrder;

internal sealed record RemoveSwarmNetwork(string Name) : SwarmOrder;

/// <summary>What is known after an order; empty where the order does not tell it.</summary>
internal sealed record SwarmOutcome
{
    public string SwarmNodeId { get; init; } = "";

    public string ClusterId { get; init; } = "";

    public string WorkerToken { get; init; } = "";

    public string ManagerToken { get; init; } = "";

    public string NetworkId { get; init; } = "";
}

/// <summary>The order does not fit the engine's state; nothing was changed.</summary>
internal sealed class SwarmRefusedException(string message) : Exception(message);
