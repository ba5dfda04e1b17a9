using System.Collections.Immutable;
using System.Globalization;
using System.Net;

namespace RpiAgent.Consul;

/// <summary>One key. The three indices are Consul's: <paramref name="LockIndex"/> counts how often it was acquired.</summary>
public sealed record KvEntry(string Key, ReadOnlyMemory<byte> Value, ulong CreateIndex, ulong ModifyIndex, ulong LockIndex, string? Session);

/// <summary>The key-value store. Writes are never repeated by themselves: after <see cref="ConsulFault.Unreachable"/> the caller reads and decides.</summary>
public sealed class ConsulKeyValue
{
    private readonly ConsulTransport _transport;

    internal ConsulKeyValue(ConsulTransport transport) => _transport = transport;

    /// <summary>The entry, or null when there is no such key.</summary>
    public async Task<Indexed<KvEntry?>> GetAsync(string key, ConsulQuery query, CancellationToken cancel)
    {
        Indexed<ImmutableArray<KvEntry>> found = await ReadAsync($"v1/kv/{Escape(key)}", "kv get", key, query, cancel);
        return new Indexed<KvEntry?>(found.Value.FirstOrDefault(), found.Index);
    }

    /// <summary>The entry now, or null.</summary>
    public async Task<KvEntry?> GetAsync(string key, CancellationToken cancel) => (await GetAsync(key, default, cancel)).Value;

    /// <summary>All entries whose key begins with <paramref name="prefix"/>, in key order.</summary>
    public Task<Indexed<ImmutableArray<KvEntry>>> ListAsync(string prefix, ConsulQuery query, CancellationToken cancel) =>
        ReadAsync($"v1/kv/{Escape(prefix)}?recurse", "kv list", prefix, query, cancel);

    /// <summary>Writes whatever is there.</summary>
    public Task PutAsync(string key, ReadOnlyMemory<byte> value, CancellationToken cancel) =>
        WriteAsync(HttpMethod.Put, key, "", "kv put", value, cancel);

    /// <summary>Writes if the key's ModifyIndex still is <paramref name="modifyIndex"/>; 0 = only if it does not exist. False: somebody was faster.</summary>
    public Task<bool> CompareAndSetAsync(string key, ReadOnlyMemory<byte> value, ulong modifyIndex, CancellationToken cancel) =>
        WriteAsync(HttpMethod.Put, key, string.Create(CultureInfo.InvariantCulture, $"?cas={modifyIndex}"), "kv cas", value, cancel);

    /// <summary>Takes the key's lock for a session. False: another session holds it, or its lock delay runs.</summary>
    public Task<bool> AcquireAsync(string key, ReadOnlyMemory<byte> value, string session, CancellationToken cancel) =>
        WriteAsync(HttpMethod.Put, key, $"?acquire={Uri.EscapeDataString(session)}", "kv acquire", value, cancel);

    /// <summary>Gives the lock back. False: the session did not hold it.</summary>
    public Task<bool> ReleaseAsync(string key, ReadOnlyMemory<byte> value, string session, CancellationToken cancel) =>
        WriteAsync(HttpMethod.Put, key, $"?release={Uri.EscapeDataString(session)}", "kv release", value, cancel);

    /// <summary>Deletes the key if it is there.</summary>
    public Task DeleteAsync(string key, CancellationToken cancel) =>
        WriteAsync(HttpMethod.Delete, key, "", "kv delete", null, cancel);

    /// <summary>Deletes the key if its ModifyIndex still is <paramref name="modifyIndex"/>. False: it was changed.</summary>
    public Task<bool> CompareAndDeleteAsync(string key, ulong modifyIndex, CancellationToken cancel) =>
        WriteAsync(HttpMethod.Delete, key, string.Create(CultureInfo.InvariantCulture, $"?cas={modifyIndex}"), "kv delete", null, cancel);

    private async Task<Indexed<ImmutableArray<KvEntry>>> ReadAsync(string path, string verb, string target, ConsulQuery query, CancellationToken cancel)
    {
        ConsulCall call = new(HttpMethod.Get, query.AppendTo(path), verb, target, Idempotent: true)
        {
            AlsoAnswer = HttpStatusCode.NotFound,
            ExtraTimeout = query.ExtraTimeout,
        };
        ConsulReply reply = await _transport.SendAsync(call, cancel);
        ImmutableArray<KvEntry> entries = reply.Status == HttpStatusCode.NotFound
            ? []
            : [.. ConsulTransport.Read(call, reply, ConsulJson.Default.KvWireArray).Select(wire => wire.ToEntry())];
        return new Indexed<ImmutableArray<KvEntry>>(entries, reply.Index);
    }

    private async Task<bool> WriteAsync(HttpMethod method, string key, string query, string verb, ReadOnlyMemory<byte>? value, CancellationToken cancel)
    {
        ConsulCall call = new(method, $"v1/kv/{Escape(key)}{query}", verb, key, Idempotent: false) { Body = value?.ToArray() };
        return (await _transport.SendAsync(call, cancel)).IsTrue;
    }

    private static string Escape(string key) => string.Join('/', key.Split('/').Select(Uri.EscapeDataString));
}
