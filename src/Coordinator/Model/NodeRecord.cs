using System.Collections.Immutable;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Model;

/// <summary>What the cluster remembers of a Pi for good, under <c>rpi/nodes/ID</c>. Written by the leader: at enrolment, renewal and by operators.</summary>
internal sealed record NodeRecord
{
    public int Schema { get; set; } = 1;
    public required NodeId Id { get; set; }
    /// <summary>RFC 1123 label, unique in the cluster.</summary>
    public required string Name { get; set; }
    /// <summary>Allotted IPv4 with prefix, e.g. 192.168.1.102/24, or null when the node keeps DHCP.</summary>
    public string? Address { get; set; }
    /// <summary>An operator has chosen <see cref="Address"/> (null: DHCP): it is kept when the node enrols anew.</summary>
    public bool AddressIsChosen { get; set; }
    /// <summary>Counted up to have the same configuration tried once more.</summary>
    public int ConfigAttempt { get; set; }
    public required HardwareFacts Hardware { get; set; }
    public ImmutableSortedDictionary<string, string> Labels { get; set; } = ImmutableSortedDictionary<string, string>.Empty;
    public DateTimeOffset EnrolledAt { get; set; }
    /// <summary>Token by whose id (first 12 hex digits of its hash) the node came in.</summary>
    public string EnrolledBy { get; set; } = "";
    public string CertificateSerial { get; set; } = "";
    public DateTimeOffset CertificateExpiresAt { get; set; }
    /// <summary>Consul ACL token's accessor and secret, handed to the node at enrolment and renewal.</summary>
    public string ConsulAccessor { get; set; } = "";
    public string ConsulSecret { get; set; } = "";
    /// <summary>No new replicas; those there are moved away.</summary>
    public bool Drained { get; set; }
}

/// <summary>Mirrors the wire's Hardware. MAC lower case with colons; memory in bytes.</summary>
internal sealed record HardwareFacts
{
    public string Serial { get; set; } = "";
    public string Mac { get; set; } = "";
    public string MachineId { get; set; } = "";
    public string Model { get; set; } = "";
    public string Platform { get; set; } = "";
    public string KernelArch { get; set; } = "";
    public string UserlandArch { get; set; } = "";
    public int Cores { get; set; }
    public long MemoryBytes { get; set; }
    public string Os { get; set; } = "";
    public string CardId { get; set; } = "";
    public string DiskId { get; set; } = "";
    public int PageSize { get; set; }
}
