namespace RpiAgent.Coordinator.Scheduling;

/// <summary>
/// What one candidate is compared by, first to last: wishes met, preference, weight, reserved share, running containers,
/// all containers, free memory; then the order of names. Smaller is better throughout.
/// </summary>
/// <param name="Weight">Classic's sum of cpu and memory percent, minus ten times the health (added and negated for binpack); a hash for random.</param>
/// <param name="Share">Percent reserved, only looked at when nothing is asked for.</param>
internal readonly record struct Rank(int Unmet, long Weight, long Share, int Running, int All, long Memory)
{
    public static Rank Of(PreparedRequest prepared, NodeState node)
    {
        int unmet = 0;
        foreach (PlacementFilter wish in prepared.Wishes)
        {
            unmet += wish.Keeps(node) ? 0 : 1;
        }
        switch (prepared.Policy.Strategy)
        {
            case Strategy.Random:
                return new(unmet, NodeHash.Node(prepared.Seed, node.Node.Name), 0, 0, 0, 0);
            case Strategy.Binpack:
                return new(unmet, -Percent(prepared.Request, node) - (10L * node.Health), 0, -node.Running, -node.All, node.FreeMemory);
            default:
                long share = prepared.Request.ReservesNothing ? Percent(node.UsedMemory, node.TotalMemory) + Percent(node.UsedMilliCpus, node.TotalMilliCpus) : 0;
                return new(unmet, Percent(prepared.Request, node) - (10L * node.Health), share, node.Running, node.All, -node.FreeMemory);
        }
    }

    public int Order(in Rank other)
    {
        int order = Unmet.CompareTo(other.Unmet);
        return order != 0 ? order : OrderByLoad(other);
    }

    /// <summary>Everything behind the wishes.</summary>
    public int OrderByLoad(in Rank other)
    {
        if (Weight != other.Weight)
        {
            return Weight < other.Weight ? -1 : 1;
        }
        if (Share != other.Share)
        {
            return Share < other.Share ? -1 : 1;
        }
        if (Running != other.Running)
        {
            return Running < other.Running ? -1 : 1;
        }
        return All != other.All ? All.CompareTo(other.All) : Memory.CompareTo(other.Memory);
    }

    /// <summary>A kind that is not asked for counts as full, as in classic.</summary>
    public static long Percent(PlacementRequest request, NodeState node) =>
        (request.MilliCpus <= 0 ? 100 : Divide((node.UsedMilliCpus + request.MilliCpus) * 100, node.TotalMilliCpus))
        + (request.MemoryBytes <= 0 ? 100 : Divide((node.UsedMemory + request.MemoryBytes) * 100, node.TotalMemory));

    private static long Percent(long used, long total) => used <= 0 ? 0 : total <= 0 ? 100 : Divide(used * 100, total);

    /// <summary>
    /// Exact whole division of a non-negative number. A processor's own takes the longer the larger the quotient is, which made placements
    /// slower as the cluster filled; a floating-point one does not, and is at most one off.
    /// </summary>
    internal static long Divide(long dividend, long divisor)
    {
        long quotient = (long)((double)dividend / divisor);
        long rest = dividend - (quotient * divisor);
        return rest < 0 ? quotient - 1 : rest >= divisor ? quotient + 1 : quotient;
    }
}
