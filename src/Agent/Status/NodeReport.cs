using System.Collections.Immutable;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Agent.Status;

/// <summary>
/// What the features have last said, in the words of the wire: a status is only passed on, nothing here is decided on it.
/// </summary>
internal sealed record NodeReport
{
    public Wire.AssignmentVersion? Held { get; init; }

    public ImmutableArray<Wire.ContainerStatus> Containers { get; init; } = [];

    public ImmutableArray<Wire.ImageStatus> Images { get; init; } = [];

    public Wire.SwarmStatus Swarm { get; init; } = new();

    public bool EngineUp { get; init; }

    public string EngineError { get; init; } = "";

    public ImmutableArray<string> Warnings { get; init; } = [];

    /// <summary>What a person should do about the card.</summary>
    public ImmutableArray<string> CardWarnings { get; init; } = [];

    /// <summary>Empty once the system's clock is set.</summary>
    public string ClockWarning { get; init; } = "";

    public Wire.ConfigStatus Config { get; init; } = new();

    public Wire.SshStatus Ssh { get; init; } = new();

    public Wire.NodeStatus ToStatus(string nodeId, string address)
    {
        Wire.NodeStatus status = new() { NodeId = nodeId, Address = address, Held = Held, Swarm = Swarm, EngineUp = EngineUp, EngineError = EngineError, Config = Config, Ssh = Ssh };
        status.Containers.AddRange(Containers);
        status.Images.AddRange(Images);
        status.Warnings.AddRange(Warnings);
        status.Warnings.AddRange(CardWarnings);
        status.Warnings.AddRange(ClockWarning.Length > 0 ? [ClockWarning] : Array.Empty<string>());
        return status;
    }
}
