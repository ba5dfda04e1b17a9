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
    /// <summary>What the coordinator ordered since and is being tried; null when nothing is.</summary>
    public EnrolledSpec? Next { get; init; }
    /// <summary>The last order that could not be carried out; gone with the next one that can.</summary>
    public FailedOrder? Failed { get; init; }

    /// <summary>A renewal leaves the configuration as it is: that changes by order, one node after the other.</summary>
    public SavedEnrolment Renewed(Board board, EnrolledSpec told) =>
        this with { Board = board, Spec = Spec.WithConsulOf(told), Next = Next?.WithConsulOf(told) };
}

/// <param name="Revision">Of the specification.</param>
/// <param name="State">refused, rolled-back or failed.</param>
internal sealed record FailedOrder(string Revision, string State, string Detail);

/// <summary>This node's wanted configuration, as the coordinator decided.</summary>
/// <param name="Name">Host name.</param>
internal sealed record EnrolledSpec(string Name, EnrolledNetwork Network, ImmutableArray<string> DockerOptions, Uri ConsulUrl, string ConsulToken)
{
    /// <summary>The coordinator's mark of this specification.</summary>
    public string Revision { get => field ?? ""; init; } = ""; // null in a file of an older agent: source generation passes over initial values
    /// <summary>PEM of the CA whose clients the engine lets in by TLS; empty = it has no such port.</summary>
    public string DockerClients { get => field ?? ""; init; } = "";
    /// <summary>Serial of the certificate that the engine shall show there.</summary>
    public string EngineCertificate { get => field ?? ""; init; } = "";
    /// <summary>Keys that let operators in, as told at enrolment; null when it said nothing of them.</summary>
    public EnrolledKeys? Ssh { get; init; }

    public EnrolledSpec WithConsulOf(EnrolledSpec other) => this with { ConsulUrl = other.ConsulUrl, ConsulToken = other.ConsulToken };
}

internal sealed record EnrolledKeys(string Revision, ImmutableArray<EnrolledKey> Keys);

/// <param name="Key">Type, blob and comment.</param>
internal sealed record EnrolledKey(string User, string Id, string Key);

/// <param name="Interface">The one to configure.</param>
/// <param name="Method">"static" or "dhcp".</param>
/// <param name="Address">With prefix, 192.168.1.102/24; empty for dhcp.</param>
/// <param name="Gateway">Empty = none.</param>
internal sealed record EnrolledNetwork(string Interface, string Method, string Address, string Gateway, ImmutableArray<string> Dns);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(SavedEnrolment))]
internal sealed partial class EnrolmentJson : JsonSerializerContext;
