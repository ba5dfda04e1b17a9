using System.Net;
using System.Text.Json;

namespace RpiAgent.Consul;

/// <summary>What happens to a session's locks when it ends.</summary>
public enum SessionBehavior
{
    Release,
    Delete,
}

/// <summary>A session to make. It has no node checks: only its time to live ends it.</summary>
public sealed record SessionRequest
{
    public required string Name { get; init; }

    /// <summary>10 s to 24 h. Consul ends the session between one and two of these after the last renewal.</summary>
    public required TimeSpan TimeToLive { get; init; }

    public SessionBehavior Behavior { get; init; } = SessionBehavior.Release;

    /// <summary>How long after the session's end nobody else gets its locks; 0 to 60 s.</summary>
    public TimeSpan LockDelay { get; init; } = TimeSpan.FromSeconds(15);
}

/// <summary>Sessions, which hold locks of keys.</summary>
public sealed class ConsulSessions
{
    private readonly ConsulTransport _transport;

    internal ConsulSessions(ConsulTransport transport) => _transport = transport;

    /// <summary>Makes a session and returns its id. Never repeated by itself; a lost one ends by its time to live.</summary>
    public async Task<string> CreateAsync(SessionRequest request, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(request);
        SessionWire wire = new()
        {
            Name = request.Name,
            TTL = ConsulDuration.Of(request.TimeToLive),
            LockDelay = ConsulDuration.Of(request.LockDelay),
            Behavior = request.Behavior == SessionBehavior.Delete ? "delete" : "release",
        };
        ConsulCall call = new(HttpMethod.Put, "v1/session/create", "session create", request.Name, Idempotent: false)
        {
            Body = JsonSerializer.SerializeToUtf8Bytes(wire, ConsulJson.Default.SessionWire),
        };
        return (await _transport.SendAsync(call, ConsulJson.Default.IdWire, cancel)).ID;
    }

    /// <summary>False: the session does not exist any more.</summary>
    public async Task<bool> RenewAsync(string session, CancellationToken cancel)
    {
        ConsulCall call = new(HttpMethod.Put, $"v1/session/renew/{Uri.EscapeDataString(session)}", "session renew", session, Idempotent: true)
        {
            AlsoAnswer = HttpStatusCode.NotFound,
        };
        return (await _transport.SendAsync(call, cancel)).Status == HttpStatusCode.OK;
    }

    /// <summary>Ends the session and, by its behaviour, its locks. No error when it is gone.</summary>
    public async Task DestroyAsync(string session, CancellationToken cancel)
    {
        ConsulCall call = new(HttpMethod.Put, $"v1/session/destroy/{Uri.EscapeDataString(session)}", "session destroy", session, Idempotent: true);
        await _transport.SendAsync(call, cancel);
    }
}
