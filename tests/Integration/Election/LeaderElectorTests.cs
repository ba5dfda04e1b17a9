using RpiAgent.Consul;
using RpiAgent.Coordinator.Election;
using RpiAgent.Tests.Integration.Support;
using Xunit;

namespace RpiAgent.Tests.Integration.Election;

/// <summary>Two coordinators on one real Consul.</summary>
public sealed class LeaderElectorTests(ConsulServer server) : IClassFixture<ConsulServer>
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_leads_the_other_follows_and_takes_over_at_once_when_the_first_leaves()
    {
        server.RequireConsul();
        await using TestCoordinator one = new(server, "10.0.0.1:7444");
        Term first = await one.LeadsAsync(Soon);
        await using TestCoordinator two = new(server, "10.0.0.2:7444");
        await two.State.WaitUntilAsync(snapshot => snapshot.Leader.Address == "10.0.0.1:7444", Cancel);
        Assert.Null(two.Leadership.Current);

        await one.DisposeAsync();
        Term second = await two.LeadsAsync(Soon);

        Assert.True(first.Ended.IsCancellationRequested);
        Assert.True(second.Epoch > first.Epoch);
    }

    [Fact]
    public async Task A_killed_leader_is_followed_at_once_on_its_own_machine_and_after_its_session_elsewhere()
    {
        server.RequireConsul();
        TestCoordinator one = new(server, "10.0.0.1:7444");
        Term first = await one.LeadsAsync(TimeSpan.FromSeconds(40));
        await one.KillAsync();

        TestCoordinator again = new(server, "10.0.0.1:7444", aloneHere: true);
        Term second = await again.LeadsAsync(Soon);
        Assert.True(second.Epoch > first.Epoch);
        await again.KillAsync();

        await using TestCoordinator other = new(server, "10.0.0.2:7444", aloneHere: true);
        Term third = await other.LeadsAsync(TimeSpan.FromSeconds(40));
        Assert.True(third.Epoch > second.Epoch);
    }

    [Fact]
    public async Task A_deposed_leaders_write_is_refused()
    {
        server.RequireConsul();
        await using TestCoordinator one = new(server, "10.0.0.1:7444");
        Term first = await one.LeadsAsync(TimeSpan.FromSeconds(40));
        using ConsulClient consul = server.NewClient();
        Assert.True((await consul.Transactions.RunAsync([first.Fence, TransactionOperation.Set("rpi/swarm", "{}"u8.ToArray())], Cancel)).Committed);

        await consul.Sessions.DestroyAsync(first.Session, Cancel);
        Term second = await one.LeadsAsync(TimeSpan.FromSeconds(20), after: first.Epoch);

        Assert.False((await consul.Transactions.RunAsync([first.Fence, TransactionOperation.Set("rpi/swarm", "{}"u8.ToArray())], Cancel)).Committed);
        Assert.True(first.Ended.IsCancellationRequested);
        Assert.NotEqual(first.Session, second.Session);
    }

    [Fact]
    public async Task Consul_gone_for_long_ends_the_term_and_its_return_begins_a_later_one_with_never_two_leaders()
    {
        server.RequireConsul();
        await using TestCoordinator one = new(server, "10.0.0.1:7444");
        await using TestCoordinator two = new(server, "10.0.0.2:7444");
        Task<Term> oneLeads = one.LeadsAsync(TimeSpan.FromSeconds(40)), twoLeads = two.LeadsAsync(TimeSpan.FromSeconds(40));
        Term first = await await Task.WhenAny(oneLeads, twoLeads);

        await server.KillAsync();
        await Ended(first, ElectionTimings.Default.Lease + TimeSpan.FromSeconds(3));
        Assert.True(first.Ended.IsCancellationRequested, "it steps down without Consul");
        await Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System, Cancel);
        await server.StartAsync();

        Term next = await await Task.WhenAny(
            one.LeadsAsync(TimeSpan.FromSeconds(40), first.Epoch), two.LeadsAsync(TimeSpan.FromSeconds(40), first.Epoch));
        Assert.True(next.Epoch > first.Epoch);
        var terms = one.Terms.Concat(two.Terms).OrderBy(term => term.From).ToList();
        Assert.All(terms.Zip(terms.Skip(1)), pair => Assert.True(pair.First.To <= pair.Second.From && pair.First.Epoch < pair.Second.Epoch, $"{pair}"));
    }

    private static async Task Ended(Term term, TimeSpan within)
    {
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(term.Ended);
        await Task.Delay(within, TimeProvider.System, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
