using System.Collections.Immutable;
using System.Text.Json;
using RpiAgent.Consul;
using RpiAgent.Identity;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Enrolment;

/// <summary>Join tokens in Consul.</summary>
internal sealed class TokenStore(ConsulClient consul, CertificateAuthority authority, NodeAccess access, TimeProvider time)
{
    /// <summary>Expired tokens are forgotten after so long; until then their refusal has a reason.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromDays(30);

    public static string KeyOf(string hash) => ConsulKeys.Tokens + hash;

    /// <summary>Makes a token; its secret is in the returned one and nowhere else.</summary>
    public async Task<(JoinToken Token, TokenRecord Record)> CreateAsync(TimeSpan lifetime, int uses, string note, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lifetime, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(uses, 1);
        await ForgetOldAsync(cancel);
        DateTimeOffset now = time.GetUtcNow();
        await access.RevokeOrphansAsync(now, cancel);
        JoinToken token = JoinToken.Create(authority.Digest);
        TokenRecord record = new() { Hash = token.Hash, CreatedAt = now, ExpiresAt = now + lifetime, Uses = uses, Note = note };
        await consul.KeyValue.CompareAndSetAsync(KeyOf(token.Hash), Bytes(record), 0, cancel);
        return (token, record);
    }

    /// <summary>Oldest first.</summary>
    public async Task<ImmutableArray<TokenRecord>> ListAsync(CancellationToken cancel) =>
        [.. (await ReadAllAsync(cancel)).Select(stored => stored.Value).OrderBy(token => token.CreatedAt)];

    public async Task<Stored<TokenRecord>?> FindAsync(string hash, CancellationToken cancel) =>
        await consul.KeyValue.GetAsync(KeyOf(hash), cancel) is KvEntry entry ? StoredDocument.Read(entry, EnrolmentJson.Default.TokenRecord) : null;

    /// <summary>Revokes the token whose id begins so. Null when there is none, or more than one.</summary>
    public async Task<TokenRecord?> RevokeAsync(string id, CancellationToken cancel)
    {
        while (true)
        {
            ImmutableArray<Stored<TokenRecord>> all = await ReadAllAsync(cancel);
            Stored<TokenRecord>[] meant = [.. all.Where(token => id.Length >= 4 && token.Value.Hash.StartsWith(id, StringComparison.Ordinal))];
            if (meant is not [Stored<TokenRecord> one])
            {
                return null;
            }

            TokenRecord revoked = one.Value with { Revoked = true };
            if (await consul.KeyValue.CompareAndSetAsync(KeyOf(revoked.Hash), Bytes(revoked), one.ModifyIndex, cancel))
            {
                return revoked;
            }
        }
    }

    /// <summary>Counts one use, as part of the transaction that admits the node: so the count is exact however many come at once.</summary>
    public static TransactionOperation Use(Stored<TokenRecord> token, TokenUse use) => TokenRules.IsRepeat(token.Value, use.KeyHash, use.Node)
        ? TransactionOperation.CheckIndex(KeyOf(token.Value.Hash), token.ModifyIndex)
        : TransactionOperation.CompareAndSet(KeyOf(token.Value.Hash), Bytes(token.Value with { UsedBy = token.Value.UsedBy.Add(use) }), token.ModifyIndex);

    private async Task ForgetOldAsync(CancellationToken cancel)
    {
        DateTimeOffset limit = time.GetUtcNow() - Memory;
        foreach (Stored<TokenRecord> old in (await ReadAllAsync(cancel)).Where(token => token.Value.ExpiresAt < limit))
        {
            await consul.KeyValue.CompareAndDeleteAsync(KeyOf(old.Value.Hash), old.ModifyIndex, cancel);
        }
    }

    private async Task<ImmutableArray<Stored<TokenRecord>>> ReadAllAsync(CancellationToken cancel)
    {
        Indexed<ImmutableArray<KvEntry>> all = await consul.KeyValue.ListAsync(ConsulKeys.Tokens, default, cancel);
        return [.. all.Value.Select(entry => StoredDocument.Read(entry, EnrolmentJson.Default.TokenRecord))];
    }

    private static byte[] Bytes(TokenRecord token) => JsonSerializer.SerializeToUtf8Bytes(token, EnrolmentJson.Default.TokenRecord);
}
