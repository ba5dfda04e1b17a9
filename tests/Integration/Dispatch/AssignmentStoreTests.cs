using System.Collections.Immutable;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Consul;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Dispatch;
using RpiAgent.Coordinator.Election;
using RpiAgent.Coordinator.Model;
using RpiAgent.Coordinator.Reconciliation;
using RpiAgent.Protos;
using RpiAgent.Tests.Integration.Support;
using Xunit;

namespace RpiAgent.Tests.Integration.Dispatch;

public sealed class AssignmentStoreTests(ConsulServer server) : IClassFixture<ConsulServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_stored_is_what_a_new_leader_reads()
    {
        server.RequireConsul();
        await using Leader leader = await Leader.StartAsync(server);
        Assert.True(await leader.Store.WriteAsync(leader.State.Current, Change("n1", "web"), leader.Term));
        Assert.True(await leader.Store.WriteAsync(leader.State.Current, Change("n1", "web", "db"), leader.Term));

        KvEntry entry = (await leader.Consul.KeyValue.GetAsync("rpi/assignments/n1", Cancel))!;
        NodeAssignment stored = ModelJson.Read(entry.Value.Span, ModelJson.Default.NodeAssignment);

        Assert.Equal(new AssignmentVersion(leader.Term.Epoch, 2), stored.Version);
        Assert.Equal(2, stored.Replicas.Length);
        Assert.Equal(stored.Version, leader.State.Current.Assignments[new NodeId("n1")].Version);
        Assert.NotNull(await leader.Consul.KeyValue.GetAsync("rpi/volumes/s_data", Cancel));
    }

    [Fact]
    public async Task After_the_lock_was_lost_nothing_is_written()
    {
        server.RequireConsul();
        await using Leader leader = await Leader.StartAsync(server);
        await leader.Consul.KeyValue.ReleaseAsync(ConsulKeys.Leader, "x"u8.ToArray(), leader.Term.Session, Cancel);

        Assert.False(await leader.Store.WriteAsync(leader.State.Current, Change("n2", "web"), leader.Term));

        Assert.Null(await leader.Consul.KeyValue.GetAsync("rpi/assignments/n2", Cancel));
        Assert.False(leader.State.Current.Assignments.ContainsKey(new NodeId("n2")));
    }

    [Fact]
    public async Task A_foreign_change_is_noticed_and_taken_as_it_is()
    {
        server.RequireConsul();
        await using Leader leader = await Leader.StartAsync(server);
        Assert.True(await leader.Store.WriteAsync(leader.State.Current, Change("n3", "web"), leader.Term));
        string json = Encoding.UTF8.GetString((await leader.Consul.KeyValue.GetAsync("rpi/assignments/n3", Cancel))!.Value.Span);
        await leader.Consul.KeyValue.PutAsync("rpi/assignments/n3", Encoding.UTF8.GetBytes(json.Replace("\"generation\":1", "\"generation\":9", StringComparison.Ordinal)), Cancel);

        Assert.False(await leader.Store.WriteAsync(leader.State.Current, Change("n3"), leader.Term));
        Assert.Equal(9ul, leader.State.Current.Assignments[new NodeId("n3")].Version.Generation);

        Assert.True(await leader.Store.WriteAsync(leader.State.Current, Change("n3"), leader.Term));
        Assert.Equal(10ul, leader.State.Current.Assignments[new NodeId("n3")].Version.Generation);
    }

    [Fact]
    public async Task More_than_one_transaction_holds_is_written_in_parts()
    {
        server.RequireConsul();
        await using Leader leader = await Leader.StartAsync(server);
        ChangeSet many = Change("m0") with
        {
            Assignments = Enumerable.Range(0, 150).ToImmutableSortedDictionary(i => new NodeId($"m{i}"), _ => ImmutableArray<AssignedReplica>.Empty),
        };
        Assert.True(await leader.Store.WriteAsync(leader.State.Current, many, leader.Term));
        Assert.Equal(150, (await leader.Consul.KeyValue.ListAsync("rpi/assignments/m", default, Cancel)).Value.Length);
        Assert.True(await leader.Store.WriteAsync(leader.State.Current, Change("m0") with { Assignments = many.Assignments.Clear(), Forgotten = [.. many.Assignments.Keys] }, leader.Term));
        Assert.Empty((await leader.Consul.KeyValue.ListAsync("rpi/assignments/m", default, Cancel)).Value);
    }

    private static ChangeSet Change(string node, params string[] services) => new()
    {
        Assignments = ImmutableSortedDictionary<NodeId, ImmutableArray<AssignedReplica>>.Empty.Add(
            new NodeId(node),
            [.. services.Select(service => new AssignedReplica(new ReplicaId(WorkloadId.Of("s", service), 1), "s", new ContainerTemplate { Image = service }, "h", ""))]),
        Volumes = services.Contains("db") ? [new VolumeRecord { Name = "s_data", Home = new NodeId(node) }] : [],
        Forgotten = [],
        Pending = ImmutableSortedDictionary<ReplicaId, PendingReplica>.Empty,
        Decisions = [],
    };

    /// <summary>A session that holds the leader's lock, without an elector.</summary>
    private sealed record Leader(ConsulClient Consul, ClusterState State, AssignmentStore Store, Term Term) : IAsyncDisposable
    {
        public static async Task<Leader> StartAsync(ConsulServer server)
        {
            ConsulClient consul = server.NewClient();
            string session = await consul.Sessions.CreateAsync(
                new SessionRequest { Name = "test", TimeToLive = TimeSpan.FromSeconds(60), LockDelay = TimeSpan.Zero }, Cancel);
            Assert.True(await consul.KeyValue.AcquireAsync(ConsulKeys.Leader, "test"u8.ToArray(), session, Cancel));
            ulong epoch = (await consul.KeyValue.GetAsync(ConsulKeys.Leader, Cancel))!.LockIndex;
            ClusterState state = new();
            return new Leader(consul, state, new AssignmentStore(consul, state, NullLogger<AssignmentStore>.Instance), new Term(epoch, session, Cancel));
        }

        public async ValueTask DisposeAsync()
        {
            await Consul.Sessions.DestroyAsync(Term.Session, CancellationToken.None);
            Store.Dispose();
            Consul.Dispose();
        }
    }
}
