using System.Collections.Immutable;
using System.Text.Json;
using RpiAgent.Consul;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Enrolment;

/// <summary>What the cluster remembers of its nodes, in Consul.</summary>
internal sealed class NodeStore(ConsulClient consul)
{
    public static string KeyOf(NodeId id) => ConsulKeys.Nodes + id;

    /// <summary>All nodes by id; with an index in the query, blocks until one changes.</summary>
    public async Task<Indexed<ImmutableArray<Stored<NodeRecord>>>> ListAsync(ConsulQuery query, CancellationToken cancel)
    {
        Indexed<ImmutableArray<KvEntry>> all = await consul.KeyValue.ListAsync(ConsulKeys.Nodes, query, cancel);
        return new Indexed<ImmutableArray<Stored<NodeRecord>>>([.. all.Value.Select(Read)], all.Index);
    }

    public async Task<Stored<NodeRecord>?> FindAsync(NodeId id, CancellationToken cancel) =>
        await consul.KeyValue.GetAsync(KeyOf(id), cancel) is KvEntry entry ? Read(entry) : null;

    /// <summary>Changes a record, again if somebody else changed it meanwhile. Null when there is no such node.</summary>
    public async Task<NodeRecord?> UpdateAsync(NodeId id, Func<NodeRecord, NodeRecord> change, CancellationToken cancel)
    {
        while (await FindAsync(id, cancel) is Stored<NodeRecord> stored)
        {
            NodeRecord changed = change(stored.Value);
            if (await consul.KeyValue.CompareAndSetAsync(KeyOf(id), Bytes(changed), stored.ModifyIndex, cancel))
            {
                return changed;
            }
        }

        return null;
    }

    /// <summary>Part of a transaction: writes the record if it still is as read; index 0 = if it is new.</summary>
    public static TransactionOperation Put(NodeRecord record, ulong modifyIndex) =>
        TransactionOperation.CompareAndSet(KeyOf(record.Id), Bytes(record), modifyIndex);

    private static Stored<NodeRecord> Read(KvEntry entry) => StoredDocument.Read(entry, EnrolmentJson.Default.NodeRecord);

    private static byte[] Bytes(NodeRecord record) => JsonSerializer.SerializeToUtf8Bytes(record, EnrolmentJson.Default.NodeRecord);
}
