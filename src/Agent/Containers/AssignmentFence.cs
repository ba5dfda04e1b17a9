namespace RpiAgent.Agent.Containers;

internal enum FenceDecision
{
    Accept,

    /// <summary>The same again; only its image sources may be newer.</summary>
    AlreadyHeld,

    /// <summary>From a deposed leader, or overtaken.</summary>
    Stale,

    /// <summary>The version is known with other content: two leaders, or a leader that forgot.</summary>
    Conflict,
}

/// <summary>Whether an offered assignment replaces the held one.</summary>
internal static class AssignmentFence
{
    public static FenceDecision Decide(Assignment? held, Assignment offered)
    {
        if (held is null || offered.Version > held.Version)
        {
            return FenceDecision.Accept;
        }

        if (offered.Version < held.Version)
        {
            return FenceDecision.Stale;
        }

        return SameContent(held, offered) ? FenceDecision.AlreadyHeld : FenceDecision.Conflict;
    }

    private static bool SameContent(Assignment held, Assignment offered) =>
        held.Node == offered.Node && held.Replicas.OrderBy(replica => replica.Id).SequenceEqual(offered.Replicas.OrderBy(replica => replica.Id), SameReplica.Instance);

    private sealed class SameReplica : IEqualityComparer<DesiredReplica>
    {
        public static SameReplica Instance { get; } = new();

        public bool Equals(DesiredReplica? x, DesiredReplica? y) =>
            x is not null && y is not null && x.Id == y.Id && x.Stack == y.Stack && x.SpecHash == y.SpecHash && x.StartsAfter.SequenceEqual(y.StartsAfter);

        public int GetHashCode(DesiredReplica obj) => HashCode.Combine(obj.Id, obj.SpecHash);
    }
}
