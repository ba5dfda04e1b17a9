using System.Collections.Immutable;
using RpiAgent.Consul;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Election;
using RpiAgent.Coordinator.Model;
using RpiAgent.Coordinator.Reconciliation;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Dispatch;

/// <summary>
/// Writes assignments and volume homes, each transaction fenced by the leader's session and each key by its index.
/// The snapshot has them as soon as Consul has.
/// </summary>
internal sealed partial class AssignmentStore(ConsulClient consul, ClusterState state, ILogger<AssignmentStore> log) : IDisposable
{
    /// <summary>Consul takes 64 operations and half a MiB (base64) in one transaction.</summary>
    private const int MostOperations = TransactionOperation.MaximumCount - 1;
    private const int MostBytes = 300 * 1024;

    private readonly SemaphoreSlim _gate = new(1, 1);
    private Dictionary<string, ulong>? _indices;
    private ulong _epoch;

    /// <summary>Stores what a reconciliation of <paramref name="basis"/> found. False: it was overtaken; reconcile again.</summary>
    /// <exception cref="ConsulException">Consul did not answer; perhaps some of it was written.</exception>
    public async Task<bool> WriteAsync(ClusterSnapshot basis, ChangeSet change, Term term)
    {
        ClusterSnapshot wanted = change.ApplyTo(basis, term.Epoch);
        List<Write> writes =
        [
            .. change.Volumes.Select(volume => new Write(ConsulKeys.Volumes + volume.Name, ModelJson.Write(volume, ModelJson.Default.VolumeRecord))),
            .. change.Assignments.Keys.Select(node => new Write(KeyOf(node), ModelJson.Pack(wanted.Assignments[node], ModelJson.Default.NodeAssignment))),
            .. change.Forgotten.Select(node => new Write(KeyOf(node), null)),
        ];
        await _gate.WaitAsync(term.Ended);
        try
        {
            if (!IsCurrent(basis))
            {
                return false;
            }

            if (!await RunAsync(writes, term))
            {
                return false;
            }

            state.Update(snapshot => snapshot with
            {
                Assignments = snapshot.Assignments.SetItems(change.Assignments.Keys.Select(node => KeyValuePair.Create(node, wanted.Assignments[node]))).RemoveRange(change.Forgotten),
                Volumes = snapshot.Volumes.SetItems(change.Volumes.Select(volume => KeyValuePair.Create(volume.Name, volume))),
            });
            return true;
        }
        finally
        {
            _gate.Release();
        }

        bool IsCurrent(ClusterSnapshot one) =>
            ReferenceEquals(one.Assignments, state.Current.Assignments) && ReferenceEquals(one.Volumes, state.Current.Volumes);
    }

    /// <summary>The same set under a new version: for an agent that holds this version with other content.</summary>
    public async Task RenewVersionAsync(NodeId node, Term term)
    {
        ClusterSnapshot now = state.Current;
        if (now.Assignments.TryGetValue(node, out NodeAssignment? held))
        {
            ChangeSet again = new()
            {
                Assignments = ImmutableSortedDictionary<NodeId, ImmutableArray<AssignedReplica>>.Empty.Add(node, held.Replicas),
                Volumes = [],
                Forgotten = [],
                Pending = now.Pending,
                Decisions = [],
            };
            await WriteAsync(now, again, term);
        }
    }

    public void Dispose() => _gate.Dispose();

    private async Task<bool> RunAsync(List<Write> writes, Term term)
    {
        try
        {
            if (_indices is null || _epoch != term.Epoch)
            {
                await LoadIndicesAsync(term);
            }

            foreach (List<Write> part in Parts(writes))
            {
                TransactionResult result = await consul.Transactions.RunAsync([term.Fence, .. part.Select(Operation)], term.Ended);
                if (!result.Committed)
                {
                    LogRefused(term.Epoch, result.Reason);
                    await ReloadAsync(term);
                    return false;
                }

                foreach (KvEntry entry in result.Entries)
                {
                    _indices![entry.Key] = entry.ModifyIndex;
                }
            }

            return true;
        }
        catch
        {
            _indices = null; // what was written is not known
            throw;
        }
    }

    private TransactionOperation Operation(Write write)
    {
        ulong index = _indices!.GetValueOrDefault(write.Key);
        return write.Value is null ? TransactionOperation.CompareAndDelete(write.Key, index) : TransactionOperation.CompareAndSet(write.Key, write.Value, index);
    }

    /// <summary>Keys as they are, with their indices.</summary>
    private async Task<(ImmutableArray<KvEntry> Assignments, ImmutableArray<KvEntry> Volumes)> LoadIndicesAsync(Term term)
    {
        ConsulQuery now = new(Consistency: Consistency.Consistent);
        ImmutableArray<KvEntry> assignments = (await consul.KeyValue.ListAsync(ConsulKeys.Assignments, now, term.Ended)).Value;
        ImmutableArray<KvEntry> volumes = (await consul.KeyValue.ListAsync(ConsulKeys.Volumes, now, term.Ended)).Value;
        _indices = assignments.Concat(volumes).ToDictionary(entry => entry.Key, entry => entry.ModifyIndex, StringComparer.Ordinal);
        _epoch = term.Epoch;
        return (assignments, volumes);
    }

    /// <summary>Somebody wrote what only we may write, or a write of ours was thought lost: take it as it is.</summary>
    private async Task ReloadAsync(Term term)
    {
        (ImmutableArray<KvEntry> assignments, ImmutableArray<KvEntry> volumes) = await LoadIndicesAsync(term);
        state.Update(snapshot => snapshot with
        {
            Assignments = assignments.Select(entry => ClusterFeeds.ReadDocument(entry, ModelJson.Default.NodeAssignment)).ToImmutableSortedDictionary(one => one.Node, one => one),
            Volumes = volumes.Select(entry => ClusterFeeds.ReadDocument(entry, ModelJson.Default.VolumeRecord))
                .ToImmutableSortedDictionary(one => one.Name, one => one, StringComparer.Ordinal),
        });
    }

    private static IEnumerable<List<Write>> Parts(List<Write> writes)
    {
        List<Write> part = [];
        int bytes = 0;
        foreach (Write write in writes)
        {
            int size = write.Value?.Length ?? 0;
            if (part.Count > 0 && (part.Count == MostOperations || bytes + size > MostBytes))
            {
                yield return part;
                (part, bytes) = ([], 0);
            }

            part.Add(write);
            bytes += size;
        }

        if (part.Count > 0)
        {
            yield return part;
        }
    }

    private static string KeyOf(NodeId node) => ConsulKeys.Assignments + node;

    /// <param name="Value">Null = delete.</param>
    private sealed record Write(string Key, byte[]? Value);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Consul refused a write of epoch {Epoch}: {Reason}")]
    private partial void LogRefused(ulong epoch, string reason);
}
