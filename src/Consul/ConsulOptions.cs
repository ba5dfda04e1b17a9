using System.Collections.Immutable;
using System.Net.Security;

namespace RpiAgent.Consul;

/// <summary>How to reach Consul.</summary>
public sealed record ConsulOptions
{
    /// <summary>Base addresses, e.g. <c>https://192.168.1.2:8501</c>; the next is tried when one cannot be reached.</summary>
    public required ImmutableArray<Uri> Urls { get; init; }

    /// <summary>ACL token's secret, sent as X-Consul-Token; empty = anonymous.</summary>
    public string Token { get; init; } = "";

    /// <summary>Client certificate and the check of the server's; null only for plain http in tests.</summary>
    public SslClientAuthenticationOptions? Tls { get; init; }

    /// <summary>Longest wait for one answer; blocking queries add their own wait to it.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Times an idempotent call is repeated when Consul cannot be reached or has no leader.</summary>
    public int Retries { get; init; } = 3;

    /// <summary>Pause before the first repetition; doubles each time, with jitter, up to two seconds.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(200);
}
