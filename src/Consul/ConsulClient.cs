namespace RpiAgent.Consul;

/// <summary>
/// Typed access to Consul's HTTP API. One for a process; safe for many callers at once.
/// Every call throws <see cref="ConsulException"/> when it fails, and <see cref="OperationCanceledException"/> only when its token says so.
/// </summary>
public sealed class ConsulClient : IDisposable
{
    private readonly ConsulTransport _transport;

    public ConsulClient(ConsulOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        _transport = new ConsulTransport(options, time);
        KeyValue = new ConsulKeyValue(_transport);
        Transactions = new ConsulTransactions(_transport);
        Sessions = new ConsulSessions(_transport);
        Services = new ConsulServices(_transport);
        Health = new ConsulHealth(_transport);
        Acl = new ConsulAcl(_transport);
    }

    public ConsulKeyValue KeyValue { get; }

    public ConsulTransactions Transactions { get; }

    public ConsulSessions Sessions { get; }

    public ConsulServices Services { get; }

    public ConsulHealth Health { get; }

    public ConsulAcl Acl { get; }

    /// <summary>Address of the servers' raft leader, or null while there is none.</summary>
    public async Task<string?> GetLeaderAsync(CancellationToken cancel)
    {
        ConsulCall call = new(HttpMethod.Get, "v1/status/leader", "status", "leader", Idempotent: false);
        string leader = await _transport.SendAsync(call, ConsulJson.Default.String, cancel);
        return leader.Length == 0 ? null : leader;
    }

    public void Dispose() => _transport.Dispose();
}
