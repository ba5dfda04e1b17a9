using System.Collections.Immutable;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Model;

/// <summary>What the cluster remembers of a Pi for good, under <c>rpi/nodes/ID</c>. Written by the leader: at enrolment, renewal and by operators.</summary>
internal sealed record NodeRecord
{
    public int Schema { get; init; } = 1;
    public required NodeId Id { get; init; }
    /// <summary>RFC 1123 label, unique in the cluster.</summary>
    public required string Name { get; init; }
    /// <summary>Allotted IPv4 with prefix, e.g. 192.168.1.102/24, or null when the node keeps DHCP.</summary>
    public string? Address { get; init; }
    public required HardwareFacts Hardware { get; init; }
    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    public DateTimeOffset EnrolledAt { get; init; }
    /// <summary>Token by whose id (first 12 hex digits of its hash) the node came in.</summary>
    public string EnrolledBy { get; init; } = "";
    public string CertificateSerial { get; init; } = "";
    public DateTimeOffset CertificateExpiresAt { get; init; }
    /// <summary>Consul ACL token's accessor and secret, handed to the node at enrolment and renewal.</summary>
    public string ConsulAccessor { get; init; } = "";
    public string ConsulSecret { get; init; } = "";
    /// <summary>No new replicas; those there are moved away.</summary>
    public bool Drained { get; init; }
}

/// <summary>Mirrors the wire's Hardware. MAC lower case with colons; memory in bytes.</summary>
internal sealed record HardwareFacts
{
    public string Serial { get; init; } = "";
    public string Mac { get; init; } = "";
    public string MachineId { get; init; } = "";
    public string Model { get; init; } = "";
    public string Platform { get; init; } = "";
    public string KernelArch { get; init; } = "";
    public string UserlandArch { get; init; } = "";
    public int Cores { get; init; }
    public long MemoryBytes { get; init; }
    public string Os { get; init; } = "";
    public string CardId { get; init; } = "";
    public int PageSize { get; init; }
}
