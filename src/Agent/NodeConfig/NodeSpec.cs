using System.Collections.Immutable;

namespace RpiAgent.Agent.NodeConfig;

/// <summary>How this node is to be configured.</summary>
/// <param name="HostName">Empty = leave it.</param>
/// <param name="Address">Null = leave it.</param>
/// <param name="DockerOptions">Words of DOCKER_OPTS; empty = leave them.</param>
internal sealed record NodeSpec(string HostName, AddressWish? Address, ImmutableArray<string> DockerOptions)
{
    /// <summary>PEM of the CA whose clients the engine lets in by TLS; empty = it has no such port; null = leave that as it is.</summary>
    public string? DockerClients { get; init; }

    /// <summary>Somebody who stands by and may try again at once.</summary>
    public const string Person = "person";

    /// <summary>Who wants it, for the record: <see cref="Person"/>, or "order" and the coordinator's mark of it.</summary>
    public string OrderedBy { get; init; } = Person;

    /// <summary>The address is set by the next boot, not now.</summary>
    public bool AtNextBoot { get; init; }

    /// <summary>Ordered just now: also engine options that were found not to work are tried.</summary>
    public bool TriesWhatFailed { get; init; }

    /// <summary>Also the address of a manager of the swarm.</summary>
    public bool IsForced { get; init; }

    /// <summary>No options are wished any more, where some were ordered before.</summary>
    public bool WithdrawsDockerOptions { get; init; }

    /// <summary>Serial of the node's certificate that the engine shall show at that port; while the node has another one, what the engine has stays.</summary>
    public string EngineCertificate { get; init; } = "";
}
