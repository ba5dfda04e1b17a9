using System.Collections.Immutable;

namespace RpiAgent.Agent.NodeConfig;

/// <summary>How this node is to be configured.</summary>
/// <param name="HostName">Empty = leave it.</param>
/// <param name="Address">Null = leave it.</param>
/// <param name="DockerOptions">Words of DOCKER_OPTS; empty = leave them.</param>
internal sealed record NodeSpec(string HostName, AddressWish? Address, ImmutableArray<string> DockerOptions);
