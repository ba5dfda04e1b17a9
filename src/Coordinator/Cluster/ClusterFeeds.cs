using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RpiAgent.Consul;
using RpiAgent.Coordinator.Model;
using RpiAgent.Identity;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Cluster;

/// <summary>
/// Brings what Consul holds into the snapshot. Assignments, volumes and the swarm's record are the leader's own writing:
/// while this process leads, the snapshot has them from the stores that wrote them, and the feeds leave them alone.
/// </summary>
internal sealed class ClusterFeeds
{
    private readonly ConsulClient _consul;
    private readonly ClusterState _state;
    private readonly SteadyTime _time;
    private readonly ImmutableArray<IFreshness> _feeds;
    private readonly Lock _gate = new();
    private ImmutableArray<NodeRecord> _records = [];
    private ImmutableArray<ServiceInstance> _services = [];

    public ClusterFeeds(ConsulClient consul, ClusterState state, SteadyTime time, ILogger<ClusterFeeds> log)
    {
        _consul = consul;
        _state = state;
        _time = time;
        _feeds =
        [
            Tree(ConsulKeys.Nodes, ModelJson.Default.NodeRecord, records => ApplyNodes(records, null)),
            Tree(ConsulKeys.Stacks, ModelJson.Default.StackSpec, stacks => state.Update(snapshot =>
                snapshot with { Stacks = stacks.ToImmutableSortedDictionary(stack => stack.Name, stack => stack, StringComparer.Ordinal) })),
            Tree(ConsulKeys.Assignments, ModelJson.Default.NodeAssignment, all => state.Update(snapshot => snapshot.Leader.Here
                ? snapshot : snapshot with { Assignments = all.ToImmutableSortedDictionary(one => one.Node, one => one) })),
            Tree(ConsulKeys.Volumes, ModelJson.Default.VolumeRecord, all => state.Update(snapshot => snapshot.Leader.Here
                ? snapshot : snapshot with { Volumes = all.ToImmutableSortedDictionary(one => one.Name, one => one, StringComparer.Ordinal) })),
            new ConsulFeed<KvEntry?>(ConsulKeys.Swarm, (query, cancel) => consul.KeyValue.GetAsync(ConsulKeys.Swarm, query, cancel), ApplySwarm, time, log),
            new ConsulFeed<KvEntry?>(ConsulKeys.Ssh, (query, cancel) => consul.KeyValue.GetAsync(ConsulKeys.Ssh, query, cancel), ApplySsh, time, log),
            new ConsulFeed<ImmutableArray<ServiceInstance>>(
                $"service {ConsulService.Name}", (query, cancel) => consul.Health.ListAsync(ConsulService.Name, query, cancel),
                services => ApplyNodes(null, services), time, log),
        ];

        ConsulFeed<ImmutableArray<KvEntry>> Tree<T>(string prefix, JsonTypeInfo<T> type, Action<ImmutableArray<T>> apply) => new(
            prefix, (query, cancel) => consul.KeyValue.ListAsync(prefix, query, cancel),
            entries => apply([.. entries.Where(entry => entry.Value.Length > 0).Select(entry => ReadDocument(entry, type))]), time, log);
    }

    public Task RunAsync(CancellationToken cancel) => Task.WhenAll(_feeds.Select(feed => feed.RunAsync(cancel)));

    /// <summary>Completes when the snapshot holds everything that was in Consul when this was called. A new leader decides nothing before.</summary>
    public Task RefreshAsync(CancellationToken cancel) => Task.WhenAll(_feeds.Select(feed => feed.RefreshAsync(cancel)));

    /// <exception cref="JsonException">Names the key.</exception>
    public static T ReadDocument<T>(KvEntry entry, JsonTypeInfo<T> type)
    {
        try
        {
            return ModelJson.Read(entry.Value.Span, type);
        }
        catch (JsonException broken)
        {
            throw new JsonException($"{entry.Key}: {broken.Message}", broken);
        }
    }

    private void ApplyNodes(ImmutableArray<NodeRecord>? records, ImmutableArray<ServiceInstance>? services)
    {
        lock (_gate)
        {
            _records = records ?? _records;
            _services = services ?? _services;
            ImmutableArray<NodeRecord> nodes = _records;
            ImmutableArray<CatalogEntry> catalog = [.. _services.Select(CatalogEntry.From).OfType<CatalogEntry>()];
            _state.Update(snapshot => snapshot with { Nodes = NodeMerge.Merge(snapshot.Nodes, nodes, catalog, _time.GetUtcNow()) });
        }
    }

    private void ApplySsh(KvEntry? entry)
    {
        SshKeysRecord record = entry is null ? new SshKeysRecord() : ReadDocument(entry, ModelJson.Default.SshKeysRecord);
        _state.Update(snapshot => snapshot with { SshKeys = record });
    }

    private void ApplySwarm(KvEntry? entry)
    {
        SwarmRecord record = entry is null ? new SwarmRecord() : ReadDocument(entry, ModelJson.Default.SwarmRecord);
        _state.Update(snapshot => snapshot.Leader.Here || snapshot.Swarm == record ? snapshot : snapshot with { Swarm = record });
    }
}

/// <summary>What the catalog says of a node.</summary>
internal sealed record CatalogEntry(NodeId Node, string Endpoint, bool Passing)
{
    /// <summary>Null when the service is not an agent's.</summary>
    public static CatalogEntry? From(ServiceInstance service)
    {
        string prefix = ConsulService.Name + "-";
        return service.Id.StartsWith(prefix, StringComparison.Ordinal) && service.Address.Length > 0 && service.Port > 0
            ? new CatalogEntry(new NodeId(service.Id[prefix.Length..]), $"{service.Address}:{service.Port}", service.Passing)
            : null;
    }
}

/// <summary>Puts records and catalog together with what is known of each node.</summary>
internal static class NodeMerge
{
    /// <summary>Nodes are those with a record; a service without one is nobody's.</summary>
    public static ImmutableSortedDictionary<NodeId, NodeView> Merge(
        ImmutableSortedDictionary<NodeId, NodeView> known, ImmutableArray<NodeRecord> records, ImmutableArray<CatalogEntry> catalog, DateTimeOffset now)
    {
        Dictionary<NodeId, CatalogEntry> services = catalog.GroupBy(entry => entry.Node).ToDictionary(group => group.Key, group => group.First());
        ImmutableSortedDictionary<NodeId, NodeView>.Builder nodes = ImmutableSortedDictionary.CreateBuilder<NodeId, NodeView>();
        foreach (NodeRecord record in records)
        {
            CatalogEntry? service = services.GetValueOrDefault(record.Id);
            string? endpoint = service?.Endpoint ?? (record.Address is string address ? $"{address.Split('/')[0]}:{Ports.Agent}" : null);
            NodeView before = known.GetValueOrDefault(record.Id)
                ?? new NodeView(record, false, null, false, false, DateTimeOffset.MinValue, null, null) { KnownSince = now };
            nodes[record.Id] = before with { Record = record, Registered = service is { Passing: true }, Endpoint = endpoint };
        }

        return nodes.ToImmutable();
    }
}
