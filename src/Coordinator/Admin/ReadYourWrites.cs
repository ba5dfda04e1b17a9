using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Model;

namespace RpiAgent.Coordinator.Admin;

/// <summary>What an operator wrote shall show in the next answer, although it comes back through Consul.</summary>
internal static class ReadYourWrites
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Waits until the snapshot shows it, two seconds at most: it is stored all the same.</summary>
    public static async Task ShownAsync(this ClusterState state, Func<ClusterSnapshot, bool> condition, TimeProvider time, CancellationToken cancel)
    {
        using CancellationTokenSource limit = new(Patience, time);
        using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        try
        {
            await state.WaitUntilAsync(condition, both.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // The snapshot follows when Consul's answer comes.
        }
    }
}
