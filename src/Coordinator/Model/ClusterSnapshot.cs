using System.Collections.Immutable;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Model;

/// <summary>Everything the leader knows, at one instant; replaced as a whole, never changed. Planners read only this.</summary>
internal sealed record ClusterSnapshot
{
    public static ClusterSnapshot Empty { get; } = new();

    /// <summary>Counts up by one at each change.</summary>
    public ulong Revision { get; init; }
    public ImmutableSortedDictionary<NodeId, NodeView> Nodes { get; init; } = ImmutableSortedDictionary<NodeId, NodeView>.Empty;
    public ImmutableSortedDictionary<string, StackSpec> Stacks { get; init; } = ImmutableSortedDictionary<string, StackSpec>.Empty;
    /// <summary>As stored in Consul: what each node was last told to run.</summary>
    public ImmutableSortedDictionary<NodeId, NodeAssignment> Assignments { get; init; } = ImmutableSortedDictionary<NodeId, NodeAssignment>.Empty;
    /// <summary>Home of each named volume that has been given one, by cluster name.</summary>
    public ImmutableSortedDictionary<string, VolumeRecord> Volumes { get; init; } = ImmutableSortedDictionary<string, VolumeRecord>.Empty;
    public SwarmRecord Swarm { get; init; } = new();
    /// <summary>Wanted replicas that run nowhere, and why. As of the leader's last look.</summary>
    public ImmutableSortedDictionary<ReplicaId, PendingReplica> Pending { get; init; } = ImmutableSortedDictionary<ReplicaId, PendingReplica>.Empty;
    public LeaderView Leader { get; init; } = LeaderView.None;
    /// <summary>What the swarm is doing, as of the leader's last look.</summary>
    public SwarmPhase SwarmPhase { get; init; } = SwarmPhase.Unknown;
    /// <summary>The keys that let operators in on every node.</summary>
    public SshKeysRecord SshKeys { get; init; } = new();
    /// <summary>Whose configuration is being changed, as of the leader's last look.</summary>
    public RolloutView Rollout { get; init; } = RolloutView.Idle;

    /// <summary>The node with this name, or null.</summary>
    public NodeView? NodeNamed(string name) => Nodes.Values.FirstOrDefault(node => node.Name == name);
}

/// <summary>Who leads, as this coordinator knows it.</summary>
/// <param name="Epoch">LockIndex of the leader key; 0 while unknown.</param>
/// <param name="Address">host:port of the leader's gRPC server; empty when nobody leads.</param>
/// <param name="Here">This process leads and has read all that was stored: it may decide and write.</param>
/// <param name="Since">When this process became leader.</param>
internal sealed record LeaderView(ulong Epoch, string Address, bool Here, DateTimeOffset? Since)
{
    public static LeaderView None { get; } = new(0, "", false, null);
}

/// <param name="Name">unknown, forming, active, degraded or lost.</param>
internal sealed record SwarmPhase(string Name, string Reason)
{
    /// <summary>When this phase began, as the leader saw it.</summary>
    public DateTimeOffset? Since { get; init; }

    public static SwarmPhase Unknown { get; } = new("unknown", "");
}

/// <summary>The nodes' own configuration changes one node after the other.</summary>
/// <param name="Turn">Whose is being changed, or null.</param>
/// <param name="Readdresses">That node gets another address: it must not manage the swarm meanwhile.</param>
/// <param name="Halted">Why nothing goes on until an operator acts; empty while it may.</param>
/// <param name="Behind">How many nodes are not as wanted.</param>
internal sealed record RolloutView(NodeId? Turn, bool Readdresses, string Halted, int Behind)
{
    public static RolloutView Idle { get; } = new(null, false, "", 0);
}

/// <summary>A wanted replica that has no node, or must wait.</summary>
/// <param name="Message">One line: "data of wordpress_db is on pi2, which is down".</param>
/// <param name="Reasons">Why not, by node name.</param>
internal sealed record PendingReplica(ReplicaId Id, string Stack, string Image, string Message, ImmutableSortedDictionary<string, string> Reasons);

/// <summary>A node: its record, whether it is in the catalog, and the last status it sent.</summary>
/// <param name="Registered">Passing in Consul's catalog.</param>
/// <param name="Endpoint">host:port of its gRPC server: from the catalog, else at its allotted address; null when neither is known.</param>
/// <param name="Connected">A status stream is open now.</param>
/// <param name="Down">Called dead after checks (see membership rules), so its free replicas may move.</param>
internal sealed record NodeView(
    NodeRecord Record, bool Registered, string? Endpoint, bool Connected, bool Down,
    DateTimeOffset LastSeen, NodeStatusView? Status, NodeDescriptionView? Description)
{
    public NodeId Id => Record.Id;
    public string Name => Record.Name;
    /// <summary>When this process first knew of it.</summary>
    public DateTimeOffset KnownSince { get; init; }
    /// <summary>The running agents that showed this node's identity, each once, the one heard last at the end.</summary>
    public ImmutableArray<AgentSighting> Sightings { get; init; } = [];
    /// <summary>IPv4 at which it last answered by its certificate; empty before. What it says of its address is its own word.</summary>
    public string Reached { get; init; } = "";
    /// <summary>Set while two boards show this node's identity: it is given no orders and nothing it asks for.</summary>
    public IdentityConflict? Conflict { get; init; }
    /// <summary>Takes orders: connected, with an engine that answers, and one board only.</summary>
    public bool Ready => Connected && !Down && Conflict is null && Status is { EngineUp: true };
}

/// <param name="Instance">Of the running agent.</param>
/// <param name="Address">IPv4 it said it has.</param>
internal sealed record AgentSighting(string Instance, string Address);

/// <summary>Two boards that are alive with one identity.</summary>
/// <param name="Address">IPv4 of the one heard last.</param>
/// <param name="Other">IPv4 of the other.</param>
/// <param name="LastSwitch">When one was last heard after the other.</param>
internal sealed record IdentityConflict(string Address, string Other, DateTimeOffset LastSwitch)
{
    /// <summary>What, where, what to do.</summary>
    public string Reason => $"E_IDENTITY_CONFLICT: two boards show this node's identity, at {Address} and {(Other == Address ? "the same address" : Other)}; neither is given orders. "
        + "Switch one off, or make it a node of its own there with `rpi-agent reset-identity --yes --everything`; the other goes on a minute later";
}

/// <summary>A NodeStatus of the wire in our own types.</summary>
internal sealed record NodeStatusView
{
    public AssignmentVersion? Held { get; init; }
    public ImmutableArray<ContainerView> Containers { get; init; } = [];
    public ImmutableArray<ImageView> Images { get; init; } = [];
    public SwarmView Swarm { get; init; } = new();
    public bool EngineUp { get; init; }
    public string EngineError { get; init; } = "";
    public ImmutableArray<string> Warnings { get; init; } = [];
    public long MemoryAvailableBytes { get; init; }
    public double Load1 { get; init; }
    public string Address { get; init; } = "";
    /// <summary>Of the running agent: another after each start, never used twice.</summary>
    public string Instance { get; init; } = "";
    public ConfigView Config { get; init; } = ConfigView.Unknown;
    public SshView Ssh { get; init; } = SshView.Unknown;

    /// <summary>The engine has come back, or has new options, and with them maybe other labels or another version.</summary>
    public bool MayBeDescribedAnew(NodeStatusView before) =>
        (EngineUp && !before.EngineUp) || (Config.State == "applied" && Config != before.Config);
}

/// <summary>How a node's own configuration stands to what it was told last.</summary>
/// <param name="Revision">Of the specification this is about; empty when the agent never had one with a revision.</param>
/// <param name="State">applying, applied, refused, rolled-back, failed; empty while unknown.</param>
internal sealed record ConfigView(string Revision, string State, string Detail)
{
    public static ConfigView Unknown { get; } = new("", "", "");

    public bool Failed => State is "refused" or "rolled-back" or "failed";
}

/// <summary>Static facts, read once for each connection.</summary>
internal sealed record NodeDescriptionView(
    string AgentVersion, string EngineVersion, string EngineArchitecture, string EngineOs, int Cpus, long MemoryBytes,
    bool MemoryLimit, string StorageDriver, string KernelVersion, string OperatingSystem, ImmutableSortedDictionary<string, string> EngineLabels)
{
    public DateTimeOffset? StartedAt { get; init; }
    /// <summary>The interface of its address: eth0, wlan0.</summary>
    public string Interface { get; init; } = "";
    /// <summary>static or dhcp.</summary>
    public string Method { get; init; } = "";
    /// <summary>False while the engine did not answer: what is said of it is empty then, and no fact.</summary>
    public bool KnowsEngine => EngineVersion.Length > 0;

    /// <summary>With what was known of the engine before, when it does not answer now.</summary>
    public NodeDescriptionView Following(NodeDescriptionView? before) => KnowsEngine || before is not { KnowsEngine: true }
        ? this
        : before with { AgentVersion = AgentVersion, StartedAt = StartedAt, Interface = Interface, Method = Method };
}

/// <summary><paramref name="Foreign"/>: not ours, only counted; <paramref name="Replica"/> is null then.</summary>
internal sealed record ContainerView(
    ReplicaId? Replica, string ContainerId, string ImageId, string SpecHash, string State, string Health, string Message,
    int ExitCode, DateTimeOffset? StartedAt, int Restarts, bool Foreign, string Name, ImmutableArray<PublishedPort> Ports);

internal sealed record ImageView(string Id, ImmutableArray<string> Tags, long SizeBytes, string Architecture);

internal sealed record SwarmView
{
    public string State { get; init; } = "inactive";
    public string SwarmNodeId { get; init; } = "";
    public string ClusterId { get; init; } = "";
    public bool Manager { get; init; }
    public bool Leader { get; init; }
    public string Address { get; init; } = "";
    public string Error { get; init; } = "";
    public ImmutableArray<SwarmPeerView> Peers { get; init; } = [];
    public ImmutableArray<SwarmNetworkView> Networks { get; init; } = [];

    /// <summary>Whether it takes part under this address; Swarm never learns of another one by itself.</summary>
    public bool IsAt(string address) => Address.Length == 0 || Address.Split(':')[0] == address;
}

internal sealed record SwarmPeerView(
    string SwarmNodeId, string HostName, string Address, bool Manager, string State, bool Leader, string Reachability, string Availability);

internal sealed record SwarmNetworkView(string Id, string Name, ImmutableSortedDictionary<string, string> Labels);

/// <summary>The stored assignment of one node, under <c>rpi/assignments/NODE</c>.</summary>
internal sealed record NodeAssignment
{
    public int Schema { get; set; } = 1;
    public required NodeId Node { get; set; }
    public required AssignmentVersion Version { get; set; }
    public ImmutableArray<AssignedReplica> Replicas { get; set; } = [];
}

/// <param name="SpecHash">sha256 hex of the workload's container template.</param>
/// <param name="Explanation">Why this node, in one line.</param>
internal sealed record AssignedReplica(ReplicaId Id, string Stack, ContainerTemplate Container, string SpecHash, string Explanation)
{
    public ImmutableArray<WorkloadId> StartsAfter { get; set; } = [];
}

/// <summary>A named volume lives on one node; workloads that use it go there or wait.</summary>
internal sealed record VolumeRecord
{
    public int Schema { get; set; } = 1;
    public required string Name { get; set; }
    public required NodeId Home { get; set; }
    public string Stack { get; set; } = "";
}

/// <summary>The Swarm as decided: which cluster, who was first. Stored under <c>rpi/swarm</c>.</summary>
internal sealed record SwarmRecord
{
    public int Schema { get; set; } = 1;
    /// <summary>Docker's swarm cluster id; empty until one is formed.</summary>
    public string ClusterId { get; set; } = "";
    public NodeId? FirstManager { get; set; }
    /// <summary>Swarms this cluster had before: their returning nodes may be told to leave them, those of any other swarm never.</summary>
    public ImmutableArray<string> FormerIds { get; set; } = [];

    public SwarmRecord Next(string clusterId, NodeId? firstManager) => new()
    {
        ClusterId = clusterId,
        FirstManager = firstManager,
        FormerIds = [.. FormerIds.Append(ClusterId).Where(id => id.Length > 0 && id != clusterId).Distinct(StringComparer.Ordinal)],
    };
}
