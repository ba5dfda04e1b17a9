using System.Collections.Immutable;
using System.Text.Json.Serialization;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Enrolment;

/// <summary>A join token as stored under <c>rpi/tokens/HASH</c>. The secret itself is nowhere.</summary>
internal sealed record TokenRecord
{
    public int Schema { get; init; } = 1;
    /// <summary>sha256 of the secret, hex.</summary>
    public required string Hash { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset ExpiresAt { get; init; }
    /// <summary>How many nodes may join with it.</summary>
    public int Uses { get; init; }
    public ImmutableArray<TokenUse> UsedBy { get; init; } = [];
    public bool Revoked { get; init; }
    public string Note { get; init; } = "";

    /// <summary>How people name it: the first 12 hex digits of the hash.</summary>
    [JsonIgnore]
    public string Id => Hash[..12];

    [JsonIgnore]
    public int UsesLeft => Math.Max(Uses - UsedBy.Length, 0);
}

/// <param name="KeyHash">sha256 of the node's public key: a node whose answer got lost asks again with the same key.</param>
internal sealed record TokenUse(NodeId Node, string KeyHash, DateTimeOffset At);

internal static class TokenRules
{
    /// <summary>Null when a node with this key may join by the token now, else why not. Which node a repeat is for shows later: <see cref="RefuseUse"/>.</summary>
    public static string? Refuse(TokenRecord? token, string keyHash, DateTimeOffset now)
    {
        if (token is null)
        {
            return "the join token is wrong: this cluster never made it, or it was removed";
        }

        if (token.Revoked)
        {
            return $"the join token {token.Id} was revoked";
        }

        if (now >= token.ExpiresAt)
        {
            return $"the join token {token.Id} expired at {token.ExpiresAt.UtcDateTime:u}; make a new one with `rpictl token create`";
        }

        return token.UsesLeft > 0 || token.UsedBy.Any(use => use.KeyHash == keyHash) ? null : UsedUp(token);
    }

    /// <summary>Null when the token has a use left for this node, or was used by it before; a key alone is shown for any number of boards.</summary>
    /// <param name="node">Null when the board is not known yet.</param>
    public static string? RefuseUse(TokenRecord token, string keyHash, NodeId? node) =>
        token.UsesLeft > 0 || (node is { } known && IsRepeat(token, keyHash, known)) ? null : UsedUp(token);

    /// <summary>This node was admitted with the same key by this token before: the answer got lost, nothing more is used.</summary>
    public static bool IsRepeat(TokenRecord token, string keyHash, NodeId node) => token.UsedBy.Any(use => use.KeyHash == keyHash && use.Node == node);

    private static string UsedUp(TokenRecord token) =>
        $"the join token {token.Id} is used up ({token.Uses} of {token.Uses}); make a new one with `rpictl token create`";
}
