using System.Collections.Immutable;
using RpiAgent.Consul;
using Xunit;

namespace RpiAgent.Tests.Unit.Consul;

public class QueryTests
{
    [Theory]
    [InlineData(0, 7, 7)]
    [InlineData(7, 9, 9)]
    [InlineData(9, 9, 9)]
    [InlineData(9, 3, 0)]
    [InlineData(0, 0, 1)]
    public void The_next_index_starts_again_when_Consul_went_backwards_and_is_never_the_one_that_does_not_block(ulong previous, ulong answered, ulong next)
    {
        // 0 asks without blocking: right after a reset, wrong as the answer to a first query.
        Assert.Equal(next, new Indexed<string>("", answered).NextAfter(previous));
    }

    [Fact]
    public void A_client_without_an_address_is_refused_at_once() =>
        Assert.Throws<ArgumentException>(() => new ConsulClient(new ConsulOptions { Urls = [] }, TimeProvider.System));

    [Fact]
    public async Task More_operations_than_Consul_takes_are_refused_before_anything_is_sent()
    {
        using ConsulClient consul = new(new ConsulOptions { Urls = [new Uri("https://127.0.0.1:1")] }, TimeProvider.System);
        ImmutableArray<TransactionOperation> many = [.. Enumerable.Range(0, 65).Select(i => TransactionOperation.Delete($"k{i}"))];

        await Assert.ThrowsAsync<ArgumentException>(() => consul.Transactions.RunAsync(many, TestContext.Current.CancellationToken));
    }
}
