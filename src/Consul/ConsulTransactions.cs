using System.Collections.Immutable;
using System.Net;
using System.Text.Json;

namespace RpiAgent.Consul;

/// <summary>One operation of a transaction, as consul.io/api-docs/txn names them.</summary>
public sealed record TransactionOperation
{
    private TransactionOperation(string verb, string key)
    {
        Verb = verb;
        Key = key;
    }

    /// <summary>Consul's limit of operations in one transaction.</summary>
    public const int MaximumCount = 64;

    public string Verb { get; }

    public string Key { get; }

    public ReadOnlyMemory<byte>? Value { get; private init; }

    public ulong Index { get; private init; }

    public string? Session { get; private init; }

    public static TransactionOperation Get(string key) => new("get", key);

    public static TransactionOperation GetTree(string prefix) => new("get-tree", prefix);

    public static TransactionOperation Set(string key, ReadOnlyMemory<byte> value) => new("set", key) { Value = value };

    /// <summary>Writes if ModifyIndex still is <paramref name="modifyIndex"/>; 0 = only if the key does not exist.</summary>
    public static TransactionOperation CompareAndSet(string key, ReadOnlyMemory<byte> value, ulong modifyIndex) =>
        new("cas", key) { Value = value, Index = modifyIndex };

    public static TransactionOperation Delete(string key) => new("delete", key);

    public static TransactionOperation CompareAndDelete(string key, ulong modifyIndex) => new("delete-cas", key) { Index = modifyIndex };

    public static TransactionOperation DeleteTree(string prefix) => new("delete-tree", prefix);

    /// <summary>Fails the transaction unless ModifyIndex is <paramref name="modifyIndex"/>.</summary>
    public static TransactionOperation CheckIndex(string key, ulong modifyIndex) => new("check-index", key) { Index = modifyIndex };

    /// <summary>Fails the transaction unless <paramref name="session"/> holds the key's lock.</summary>
    public static TransactionOperation CheckSession(string key, string session) => new("check-session", key) { Session = session };

    public static TransactionOperation CheckNotExists(string key) => new("check-not-exists", key);
}

/// <summary>Why an operation failed; <paramref name="Operation"/> is its place in the transaction, from 0.</summary>
public sealed record TransactionError(int Operation, string What);

/// <summary>All of it happened, or nothing did. Entries: those read and written, values only of those read.</summary>
public sealed record TransactionResult(bool Committed, ImmutableArray<KvEntry> Entries, ImmutableArray<TransactionError> Errors)
{
    /// <summary>The errors in one line.</summary>
    public string Reason => string.Join("; ", Errors.Select(error => $"operation {error.Operation}: {error.What}"));
}

/// <summary>Several key-value operations as one.</summary>
public sealed class ConsulTransactions
{
    private readonly ConsulTransport _transport;

    internal ConsulTransactions(ConsulTransport transport) => _transport = transport;

    /// <summary>Runs up to <see cref="TransactionOperation.MaximumCount"/> operations. A conflict is a result, not an exception.</summary>
    /// <exception cref="ArgumentException">None or too many operations.</exception>
    public async Task<TransactionResult> RunAsync(IReadOnlyCollection<TransactionOperation> operations, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(operations);
        if (operations.Count is 0 or > TransactionOperation.MaximumCount)
        {
            throw new ArgumentException($"a transaction takes 1 to {TransactionOperation.MaximumCount} operations, not {operations.Count}", nameof(operations));
        }

        TxnOpWire[] wire = [.. operations.Select(TxnOpWire.From)];
        ConsulCall call = new(HttpMethod.Put, "v1/txn", "transaction", string.Join(", ", operations.Select(o => $"{o.Verb} {o.Key}").Take(3)), Idempotent: false)
        {
            Body = JsonSerializer.SerializeToUtf8Bytes(wire, ConsulJson.Default.TxnOpWireArray),
            AlsoAnswer = HttpStatusCode.Conflict,
        };
        ConsulReply reply = await _transport.SendAsync(call, cancel);
        TxnReplyWire answer = ConsulTransport.Read(call, reply, ConsulJson.Default.TxnReplyWire);
        return new TransactionResult(
            reply.Status == HttpStatusCode.OK,
            [.. (answer.Results ?? []).Where(result => result.KV is not null).Select(result => result.KV!.ToEntry())],
            [.. (answer.Errors ?? []).Select(error => new TransactionError(error.OpIndex, error.What))]);
    }
}
