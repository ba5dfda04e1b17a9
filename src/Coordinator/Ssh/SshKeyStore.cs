using RpiAgent.Consul;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Ssh;

/// <summary>The operators' keys in Consul: one document.</summary>
internal sealed class SshKeyStore(ConsulClient consul)
{
    public async Task<SshKeysRecord> ReadAsync(CancellationToken cancel) => Read(await consul.KeyValue.GetAsync(ConsulKeys.Ssh, cancel));

    /// <summary>Changes the document, again if somebody else changed it meanwhile; a refused change stores nothing.</summary>
    public async Task<SshKeyChange> UpdateAsync(Func<SshKeysRecord, SshKeyChange> change, CancellationToken cancel)
    {
        while (true)
        {
            KvEntry? entry = await consul.KeyValue.GetAsync(ConsulKeys.Ssh, cancel);
            SshKeysRecord before = Read(entry);
            SshKeyChange wanted = change(before);
            if (wanted.Record is not { } after || ReferenceEquals(after, before)
                || await consul.KeyValue.CompareAndSetAsync(ConsulKeys.Ssh, ModelJson.Write(after, ModelJson.Default.SshKeysRecord), entry?.ModifyIndex ?? 0, cancel))
            {
                return wanted;
            }
        }
    }

    private static SshKeysRecord Read(KvEntry? entry) =>
        entry is null || entry.Value.Length == 0 ? new SshKeysRecord() : ClusterFeeds.ReadDocument(entry, ModelJson.Default.SshKeysRecord);
}
