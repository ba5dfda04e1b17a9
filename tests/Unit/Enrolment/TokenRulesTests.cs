using RpiAgent.Coordinator.Enrolment;
using RpiAgent.Protos;
using Xunit;

namespace RpiAgent.Tests.Unit.Enrolment;

public class TokenRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    private static TokenRecord Token(int uses, params string[] usedBy) => new()
    {
        Hash = new string('c', 64),
        CreatedAt = Now - TimeSpan.FromHours(1),
        ExpiresAt = Now + TimeSpan.FromHours(1),
        Uses = uses,
        UsedBy = [.. usedBy.Select(key => new TokenUse(new NodeId($"node-of-{key}"), key, Now))],
    };

    [Fact]
    public void A_token_with_uses_left_admits() => Assert.Null(TokenRules.Refuse(Token(2, "other"), "mine", Now));

    [Fact]
    public void A_used_up_token_admits_only_those_it_admitted_before()
    {
        Assert.Contains("used up (1 of 1)", TokenRules.Refuse(Token(1, "other"), "mine", Now), StringComparison.Ordinal);
        Assert.Null(TokenRules.Refuse(Token(1, "mine"), "mine", Now));
    }

    [Fact]
    public void A_key_that_was_admitted_once_admits_no_second_board()
    {
        TokenRecord token = Token(1, "mine");
        Assert.Null(TokenRules.RefuseUse(token, "mine", new NodeId("node-of-mine")));
        Assert.Contains("used up (1 of 1)", TokenRules.RefuseUse(token, "mine", null), StringComparison.Ordinal);
        Assert.Contains("used up (1 of 1)", TokenRules.RefuseUse(token, "mine", new NodeId("another")), StringComparison.Ordinal);
        Assert.Null(TokenRules.RefuseUse(Token(2, "mine"), "mine", null));
        Assert.False(TokenRules.IsRepeat(token, "mine", new NodeId("another")));
    }

    [Fact]
    public void A_revoked_or_expired_token_admits_nobody_not_even_those()
    {
        Assert.Contains("was revoked", TokenRules.Refuse(Token(1, "mine") with { Revoked = true }, "mine", Now), StringComparison.Ordinal);
        Assert.Contains("expired at 2026-11-23 13:00", TokenRules.Refuse(Token(1, "mine"), "mine", Now + TimeSpan.FromHours(1)), StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_token_is_wrong() => Assert.Contains("is wrong", TokenRules.Refuse(null, "mine", Now), StringComparison.Ordinal);
}
