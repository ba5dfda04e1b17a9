using RpiAgent.Protos;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Agent.Grpc;

/// <summary>What the service needs of the node around the containers. Made by Program once the node has its identity.</summary>
internal sealed record NodeHost
{
    public required NodeId Id { get; init; }

    public required Func<string> Name { get; init; }

    /// <summary>IPv4 now in use, or empty.</summary>
    public required Func<string> Address { get; init; }

    public required Func<Wire.Hardware> Hardware { get; init; }

    /// <summary>The network configuration as it is now.</summary>
    public required Func<Wire.NetworkSpec> Network { get; init; }

    /// <summary>Makes the node's own configuration as wanted. Throws <see cref="NodeRefusedException"/> for a specification that cannot be.</summary>
    public required Func<Wire.NodeSpec, CancellationToken, Task<ConfigureOutcome>> Configure { get; init; }

    /// <summary>Notes which keys let operators in; they are brought in order afterwards.</summary>
    public required Func<Wire.SshSpec, CancellationToken, Task> SetSshKeys { get; init; }

    /// <summary>Reboots, or switches off when true; returns when that is under way.</summary>
    public required Func<bool, CancellationToken, Task> Restart { get; init; }
}

/// <param name="TransactionId">Set when an address change is under way, else empty.</param>
internal sealed record ConfigureOutcome(bool Changed, string TransactionId);

/// <summary>The node cannot be configured so; nothing was changed. The message is for people.</summary>
internal sealed class NodeRefusedException(string message, Exception? inner = null) : Exception(message, inner);
