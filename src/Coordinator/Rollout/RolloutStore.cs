using RpiAgent.Consul;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Election;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Rollout;

/// <summary>The turn in Consul, fenced by the leader's session.</summary>
internal sealed class RolloutStore(ConsulClient consul)
{
    /// <exception cref="ConsulException">Consul did not answer.</exception>
    public async Task<RolloutRecord> ReadAsync(CancellationToken cancel)
    {
        ConsulQuery now = new(Consistency: Consistency.Consistent);
        return (await consul.KeyValue.GetAsync(ConsulKeys.Rollout, now, cancel)).Value is { } entry
            ? ClusterFeeds.ReadDocument(entry, ModelJson.Default.RolloutRecord)
            : new RolloutRecord();
    }

    /// <exception cref="ConsulException">It may not be stored: Consul did not answer, or somebody else leads.</exception>
    public async Task WriteAsync(RolloutRecord record, Term term)
    {
        byte[] json = ModelJson.Write(record, ModelJson.Default.RolloutRecord);
        TransactionResult result = await consul.Transactions.RunAsync([term.Fence, TransactionOperation.Set(ConsulKeys.Rollout, json)], term.Ended);
        if (!result.Committed)
        {
            throw new ConsulException($"Consul refused the rollout's turn: {result.Reason}");
        }
    }
}
