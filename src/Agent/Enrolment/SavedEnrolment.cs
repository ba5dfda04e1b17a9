using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace RpiAgent.Agent.Enrolment;

/// <summary>What this node was told at its last enrolment or renewal: enough to boot without a coordinator.</summary>
internal sealed record SavedEnrolment
{
    public int Schema { get; init; } = 1;
    public required Uri Coordinator { get; init; }
    /// <summary>The board the identity was made on.</summary>
    public required Board Board { get; init; }
    public required EnrolledSpec Spec { get; init; }
}

/// <summary>This node's wanted configuration, as the coordinator decided.</summary>
/// <param name="Name">Host name.</param>
internal sealed record EnrolledSpec(string Name, EnrolledNetwork Network, ImmutableArray<string> DockerOptions, Uri ConsulUrl, string ConsulToken);

/// <param name="Interface">The one to configure.</param>
/// <param name="Method">"static" or "dhcp".</param>
/// <param name="Address">With prefix, 192.168.1.102/24; empty for dhcp.</param>
/// <param name="Gateway">Empty = none.</param>
internal sealed record EnrolledNetwork(string Interface, string Method, string Address, string Gateway, ImmutableArray<string> Dns);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(SavedEnrolment))]
internal sealed partial class EnrolmentJson : JsonSerializerContext;
