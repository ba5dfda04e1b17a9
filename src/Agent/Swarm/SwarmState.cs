using System.Collections.Immutable;

namespace RpiAgent.Agent.Swarm;

/// <summary>This engine's part in a swarm.</summary>
/// <param name="State">inactive, pending, active, error, locked.</param>
internal sealed record SwarmState(string State)
{
    public static SwarmState Unknown { get; } = new("");

    public string NodeId { get; init; } = "";

    /// <summary>Known to managers only.</summary>
    public string ClusterId { get; init; } = "";

    public bool Manager { get; init; }

    public bool Leader { get; init; }

    public string Address { get; init; } = "";

    public string Error { get; init; } = "";

    /// <summary>host:port of the managers this engine knows.</summary>
    public ImmutableArray<string> RemoteManagers { get; init; } = [];

    /// <summary>The swarm's own node list; managers only.</summary>
    public ImmutableArray<SwarmPeer> Peers { get; init; } = [];

    /// <summary>Overlay networks this engine sees.</summary>
    public ImmutableArray<SwarmNetwork> Networks { get; init; } = [];

    public bool Active => State == "active";

    public bool Inactive => State is "inactive" or "";
}

/// <param name="Role">manager or worker.</param>
/// <param name="State">ready, down, unknown.</param>
/// <param name="Reachability">Managers: reachable, unreachable.</param>
internal sealed record SwarmPeer(
    string NodeId, string HostName, string Address, string Role, string State, bool Leader, string Reachability, string Availability);

internal sealed record SwarmNetwork(string Id, string Name, ImmutableSortedDictionary<string, string> Labels);
