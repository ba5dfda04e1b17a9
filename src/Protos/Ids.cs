using System.Text.Json.Serialization;

namespace RpiAgent.Protos;

/// <summary>A node's identity: a random UUID (lower case, with hyphens) made at enrolment. Survives changes of name and address.</summary>
[JsonConverter(typeof(NodeIdJsonConverter))]
public readonly record struct NodeId(string Value) : IComparable<NodeId>
{
    public int CompareTo(NodeId other) => string.CompareOrdinal(Value, other.Value);
    public override string ToString() => Value;
    public static bool operator <(NodeId left, NodeId right) => left.CompareTo(right) < 0;
    public static bool operator >(NodeId left, NodeId right) => left.CompareTo(right) > 0;
    public static bool operator <=(NodeId left, NodeId right) => left.CompareTo(right) <= 0;
    public static bool operator >=(NodeId left, NodeId right) => left.CompareTo(right) >= 0;
}

/// <summary>One service of one stack, written <c>stack.service</c>.</summary>
[JsonConverter(typeof(WorkloadIdJsonConverter))]
public readonly record struct WorkloadId(string Value) : IComparable<WorkloadId>
{
    public static WorkloadId Of(string stack, string service) => new($"{stack}.{service}");
    public int CompareTo(WorkloadId other) => string.CompareOrdinal(Value, other.Value);
    public override string ToString() => Value;
    public static bool operator <(WorkloadId left, WorkloadId right) => left.CompareTo(right) < 0;
    public static bool operator >(WorkloadId left, WorkloadId right) => left.CompareTo(right) > 0;
    public static bool operator <=(WorkloadId left, WorkloadId right) => left.CompareTo(right) <= 0;
    public static bool operator >=(WorkloadId left, WorkloadId right) => left.CompareTo(right) >= 0;
}

/// <summary>One wanted copy of a workload; <paramref name="Index"/> starts at 1.</summary>
public readonly record struct ReplicaId(WorkloadId Workload, int Index) : IComparable<ReplicaId>
{
    public int CompareTo(ReplicaId other) =>
        Workload.CompareTo(other.Workload) is var order and not 0 ? order : Index.CompareTo(other.Index);
    public override string ToString() => $"{Workload}.{Index}";
    public static bool operator <(ReplicaId left, ReplicaId right) => left.CompareTo(right) < 0;
    public static bool operator >(ReplicaId left, ReplicaId right) => left.CompareTo(right) > 0;
    public static bool operator <=(ReplicaId left, ReplicaId right) => left.CompareTo(right) <= 0;
    public static bool operator >=(ReplicaId left, ReplicaId right) => left.CompareTo(right) >= 0;
}

/// <summary>
/// Orders assignments over all leaders: <paramref name="Epoch"/> is the leader key's LockIndex in Consul,
/// <paramref name="Generation"/> counts within one leader's term.
/// </summary>
public readonly record struct AssignmentVersion(ulong Epoch, ulong Generation) : IComparable<AssignmentVersion>
{
    public int CompareTo(AssignmentVersion other) =>
        Epoch.CompareTo(other.Epoch) is var order and not 0 ? order : Generation.CompareTo(other.Generation);
    public override string ToString() => $"{Epoch}.{Generation}";
    public static bool operator <(AssignmentVersion left, AssignmentVersion right) => left.CompareTo(right) < 0;
    public static bool operator >(AssignmentVersion left, AssignmentVersion right) => left.CompareTo(right) > 0;
    public static bool operator <=(AssignmentVersion left, AssignmentVersion right) => left.CompareTo(right) <= 0;
    public static bool operator >=(AssignmentVersion left, AssignmentVersion right) => left.CompareTo(right) >= 0;
}
