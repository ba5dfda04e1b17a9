using RpiAgent.Agent.Enrolment;
using RpiAgent.Coordinator;
using RpiAgent.Coordinator.Enrolment;
using RpiAgent.Identity;
using RpiAgent.Tests.Integration.Support;
using Xunit;

namespace RpiAgent.Tests.Integration.Enrolment;

/// <summary>Whom a join token lets in, and how often.</summary>
public sealed class JoinTokenTests(ConsulServer consul) : EnrolmentBench(consul)
{
    [Fact]
    public async Task A_Pi_whose_answer_got_lost_asks_again_and_uses_nothing_more()
    {
        await using CoordinatorServer server = await StartAsync(Options());
        string token = await TokenAsync(server);
        using VirtualBoard pi = new("10000000aaaa0003", "b8:27:eb:00:00:03");
        EnrolledNode first = await pi.EnrolAsync(server.Url, token, Cancel);
        File.Move(pi.Options.State("identity/node.key"), pi.Options.State("identity/node.key.next"));
        File.Delete(pi.Options.State("identity/node.pem"));
        Assert.Null(pi.Enroller.Load());

        EnrolledNode again = await pi.EnrolAsync(server.Url, token, Cancel);

        Assert.Equal(first.Id, again.Id);
        Assert.Single(Assert.Single(await server.Tokens.ListAsync(Cancel)).UsedBy);
    }

    [Fact]
    public async Task A_key_that_used_the_token_lets_no_other_board_in_by_it()
    {
        await using CoordinatorServer server = await StartAsync(Options("10.9.8.101-10.9.8.110"));
        string token = await TokenAsync(server);
        using VirtualBoard pi = new("10000000aaaa0013", "b8:27:eb:00:00:13");
        await pi.EnrolAsync(server.Url, token, Cancel);
        File.Move(pi.Options.State("identity/node.key"), pi.Options.State("identity/node.key.next"));
        File.Delete(pi.Options.State("identity/node.pem"));

        // One that says so, with the same key: nothing is left on the token for it.
        pi.Write("/proc/device-tree/serial-number", "10000000ffff0013\0");
        string stolen = await File.ReadAllTextAsync(pi.Options.State("identity/node.key.next"), Cancel);
        File.Delete(pi.Options.State("identity/board"));
        Assert.Contains("used up (1 of 1)", await RefusalAsync(pi.EnrolAsync(server.Url, token, Cancel)), StringComparison.Ordinal);
        Assert.Equal(stolen, await File.ReadAllTextAsync(pi.Options.State("identity/node.key.next"), Cancel));
        Assert.Single((await server.Nodes.ListAsync(default, Cancel)).Value);

        // A copied card: the key was made on another board, so it is not used at all.
        pi.Write("/proc/device-tree/serial-number", "10000000ffff0014\0");
        Assert.Contains("used up (1 of 1)", await RefusalAsync(pi.EnrolAsync(server.Url, token, Cancel)), StringComparison.Ordinal);
        Assert.NotEqual(stolen, await File.ReadAllTextAsync(pi.Options.State("identity/node.key.next"), Cancel));
    }

    [Fact]
    public async Task A_wrong_token_is_refused()
    {
        await using CoordinatorServer server = await StartAsync(Options());
        using VirtualBoard pi = new("10000000aaaa0004", "b8:27:eb:00:00:04");

        string reason = await RefusalAsync(pi.EnrolAsync(server.Url, JoinToken.Create(server.Authority.Digest).Reveal(), Cancel));

        Assert.Contains("the join token is wrong", reason, StringComparison.Ordinal);
        Assert.Empty((await server.Nodes.ListAsync(default, Cancel)).Value);
        Assert.Null(pi.Enroller.Load());
    }

    [Fact]
    public async Task An_expired_token_is_refused()
    {
        await using CoordinatorServer server = await StartAsync(Options());
        string token = await TokenAsync(server);
        Time.Advance(Day);
        using VirtualBoard pi = new("10000000aaaa0005", "b8:27:eb:00:00:05");

        Assert.Contains("expired at", await RefusalAsync(pi.EnrolAsync(server.Url, token, Cancel)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_revoked_token_is_refused()
    {
        await using CoordinatorServer server = await StartAsync(Options());
        (JoinToken token, TokenRecord record) = await server.Tokens.CreateAsync(Day, 5, "for the attic", Cancel);
        Assert.NotNull(await server.Tokens.RevokeAsync(record.Id, Cancel));
        Assert.Null(await server.Tokens.RevokeAsync("000000000000", Cancel));
        using VirtualBoard pi = new("10000000aaaa0006", "b8:27:eb:00:00:06");

        Assert.Contains($"{record.Id} was revoked", await RefusalAsync(pi.EnrolAsync(server.Url, token.Reveal(), Cancel)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_used_up_token_is_refused()
    {
        await using CoordinatorServer server = await StartAsync(Options());
        string token = await TokenAsync(server);
        using VirtualBoard first = new("10000000aaaa0007", "b8:27:eb:00:00:07");
        using VirtualBoard second = new("10000000aaaa0008", "b8:27:eb:00:00:08");
        await first.EnrolAsync(server.Url, token, Cancel);

        Assert.Contains("used up (1 of 1)", await RefusalAsync(second.EnrolAsync(server.Url, token, Cancel)), StringComparison.Ordinal);
        Assert.Single((await server.Nodes.ListAsync(default, Cancel)).Value);
    }

    [Fact]
    public async Task A_token_of_another_clusters_CA_is_refused_by_the_Pi_before_it_shows_its_secret()
    {
        await using CoordinatorServer server = await StartAsync(Options());
        using VirtualBoard pi = new("10000000aaaa000a", "b8:27:eb:00:00:0a");
        using CertificateAuthority other = CertificateAuthority.Create("other", Time.GetUtcNow(), TimeSpan.FromDays(3650));

        string reason = await RefusalAsync(pi.EnrolAsync(server.Url, JoinToken.Create(other.Digest).Reveal(), Cancel));

        Assert.Contains("the join token is of another cluster", reason, StringComparison.Ordinal);
    }
}
