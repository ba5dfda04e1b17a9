namespace RpiAgent.Agent.Boot;

/// <summary>
/// Gives memory that is not needed back to the user's containers. The collector sizes its first generation by the processor's cache and
/// sees no pressure in a process that is nearly idle, so what a start or an image transfer took would stay for hours.
/// </summary>
internal sealed class MemoryTrim(TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(30);

    /// <summary>Bytes allocated since the last collection that make one worth its few milliseconds.</summary>
    private const long Worth = 2 * 1024 * 1024;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Look, time);
        long before = 0;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (GC.GetTotalAllocatedBytes() - before > Worth)
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                before = GC.GetTotalAllocatedBytes();
            }
        }
    }
}
