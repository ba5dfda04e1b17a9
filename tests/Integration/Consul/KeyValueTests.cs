using System.Collections.Immutable;
using System.Text;
using RpiAgent.Consul;
using RpiAgent.Tests.Integration.Support;
using Xunit;

namespace RpiAgent.Tests.Integration.Consul;

public sealed class KeyValueTests(ConsulServer server) : IClassFixture<ConsulServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_value_is_read_back_with_its_indices()
    {
        server.RequireConsul();
        using ConsulClient consul = server.NewClient();
        await consul.KeyValue.PutAsync("kv/a b/ä", "hello"u8.ToArray(), Cancel);

        KvEntry entry = (await consul.KeyValue.GetAsync("kv/a b/ä", Cancel))!;

        Assert.Equal("kv/a b/ä", entry.Key);
        Assert.Equal("hello", Encoding.UTF8.GetString(entry.Value.Span));
        Assert.True(entry.ModifyIndex >= entry.CreateIndex && entry.CreateIndex > 0);
        Assert.Null(entry.Session);
    }

    [Fact]
    public async Task An_absent_key_is_null_and_an_absent_tree_is_empty_but_both_have_an_index()
    {
        server.RequireConsul();
        using ConsulClient consul = server.NewClient();
        Indexed<KvEntry?> key = await consul.KeyValue.GetAsync("absent/key", default, Cancel);
        Indexed<ImmutableArray<KvEntry>> tree = await consul.KeyValue.ListAsync("absent/", default, Cancel);

        Assert.Null(key.Value);
        Assert.Empty(tree.Value);
        Assert.True(key.Index > 0 && tree.Index > 0);
    }

    [Fact]
    public async Task Of_many_compare_and_sets_of_one_index_one_wins()
    {
        server.RequireConsul();
        using ConsulClient consul = server.NewClient();
        bool[] results = await Task.WhenAll(Enumerable.Range(0, 20)
            .Select(i => consul.KeyValue.CompareAndSetAsync("race", Encoding.UTF8.GetBytes($"{i}"), 0, Cancel)));

        Assert.Single(results, won => won);
    }

    [Fact]
    public async Task A_blocking_query_returns_when_the_tree_changes()
    {
        server.RequireConsul();
        using ConsulClient consul = server.NewClient();
        await consul.KeyValue.PutAsync("watched/1", "x"u8.ToArray(), Cancel);
        Indexed<ImmutableArray<KvEntry>> first = await consul.KeyValue.ListAsync("watched/", default, Cancel);

        Task<Indexed<ImmutableArray<KvEntry>>> waiting =
            consul.KeyValue.ListAsync("watched/", ConsulQuery.After(first.NextAfter(0), TimeSpan.FromSeconds(30)), Cancel);
        await consul.KeyValue.PutAsync("watched/2", "y"u8.ToArray(), Cancel);

        Assert.Equal(["watched/1", "watched/2"], (await waiting).Value.Select(entry => entry.Key));
    }

    [Fact]
    public async Task A_blocking_query_without_a_change_ends_after_its_wait_with_the_same_index()
    {
        server.RequireConsul();
        using ConsulClient consul = server.NewClient();
        Indexed<ImmutableArray<KvEntry>> first = await consul.KeyValue.ListAsync("still/", default, Cancel);
        Indexed<ImmutableArray<KvEntry>> again =
            await consul.KeyValue.ListAsync("still/", ConsulQuery.After(first.Index, TimeSpan.FromMilliseconds(300)), Cancel);

        Assert.True(again.Index >= first.Index);
        Assert.Empty(again.Value);
    }

    [Fact]
    public async Task A_transaction_happens_as_a_whole_or_not_at_all()
    {
        server.RequireConsul();
        using ConsulClient consul = server.NewClient();
        TransactionResult done = await consul.Transactions.RunAsync(
            [TransactionOperation.CheckNotExists("txn/a"), TransactionOperation.Set("txn/a", "1"u8.ToArray()), TransactionOperation.CompareAndSet("txn/b", "2"u8.ToArray(), 0)],
            Cancel);
        Assert.True(done.Committed, done.Reason);
        Assert.Contains(done.Entries, entry => entry.Key == "txn/b" && entry.ModifyIndex > 0);

        TransactionResult refused = await consul.Transactions.RunAsync(
            [TransactionOperation.Set("txn/c", "3"u8.ToArray()), TransactionOperation.CompareAndSet("txn/b", "4"u8.ToArray(), 1)], Cancel);

        Assert.False(refused.Committed);
        Assert.Equal(1, Assert.Single(refused.Errors).Operation);
        Assert.Null(await consul.KeyValue.GetAsync("txn/c", Cancel));
    }

    [Fact]
    public async Task A_transaction_reads_checks_and_deletes()
    {
        server.RequireConsul();
        using ConsulClient consul = server.NewClient();
        await consul.KeyValue.PutAsync("txn2/a", "1"u8.ToArray(), Cancel);
        KvEntry a = (await consul.KeyValue.GetAsync("txn2/a", Cancel))!;

        TransactionResult done = await consul.Transactions.RunAsync(
            [TransactionOperation.CheckIndex("txn2/a", a.ModifyIndex), TransactionOperation.Get("txn2/a"), TransactionOperation.Delete("txn2/a")], Cancel);

        Assert.True(done.Committed, done.Reason);
        Assert.Contains(done.Entries, entry => Encoding.UTF8.GetString(entry.Value.Span) == "1");
        Assert.Null(await consul.KeyValue.GetAsync("txn2/a", Cancel));
    }

    [Fact]
    public async Task A_lock_belongs_to_one_session_and_each_acquisition_counts()
    {
        server.RequireConsul();
        using ConsulClient consul = server.NewClient();
        SessionRequest request = new() { Name = "test", TimeToLive = TimeSpan.FromSeconds(10), LockDelay = TimeSpan.Zero };
        string one = await consul.Sessions.CreateAsync(request, Cancel);
        string two = await consul.Sessions.CreateAsync(request, Cancel);

        Assert.True(await consul.KeyValue.AcquireAsync("lock", "one"u8.ToArray(), one, Cancel));
        Assert.False(await consul.KeyValue.AcquireAsync("lock", "two"u8.ToArray(), two, Cancel));
        Assert.Equal(one, (await consul.KeyValue.GetAsync("lock", Cancel))!.Session);
        Assert.True(await consul.Sessions.RenewAsync(one, Cancel));

        TransactionResult fenced = await consul.Transactions.RunAsync(
            [TransactionOperation.CheckSession("lock", two), TransactionOperation.Set("fenced", "x"u8.ToArray())], Cancel);
        Assert.False(fenced.Committed);

        await consul.Sessions.DestroyAsync(one, Cancel);
        Assert.False(await consul.Sessions.RenewAsync(one, Cancel));
        Assert.True(await consul.KeyValue.AcquireAsync("lock", "two"u8.ToArray(), two, Cancel));
        Assert.Equal(2ul, (await consul.KeyValue.GetAsync("lock", Cancel))!.LockIndex);

        ConsulException dead = await Assert.ThrowsAsync<ConsulException>(() => consul.KeyValue.AcquireAsync("lock", "x"u8.ToArray(), one, Cancel));
        Assert.Equal(ConsulFault.InvalidSession, dead.Fault);
        Assert.Contains("kv acquire lock", dead.Message, StringComparison.Ordinal);
    }
}
