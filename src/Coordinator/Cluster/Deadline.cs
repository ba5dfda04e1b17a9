namespace RpiAgent.Coordinator.Cluster;

/// <summary>Deadlines of gRPC calls: the library wants the wall clock and turns it into a length of time at once.</summary>
internal static class Deadline
{
    public static DateTime After(TimeSpan limit) => TimeProvider.System.GetUtcNow().UtcDateTime + limit;
}
