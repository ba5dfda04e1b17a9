using System.Collections.Immutable;
using System.Net;
using System.Text.Json;

namespace RpiAgent.Consul;

public enum CheckStatus
{
    Passing,
    Warning,
    Critical,
}

/// <summary>A service with one check that the service itself must keep passing.</summary>
public sealed record ServiceRegistration
{
    /// <summary>Unique on the Consul agent that is asked.</summary>
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required string Address { get; init; }

    public required int Port { get; init; }

    public ImmutableArray<string> Tags { get; init; } = [];

    /// <summary>Up to 64 pairs; keys of up to 128, values of up to 512 characters.</summary>
    public ImmutableSortedDictionary<string, string> Meta { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The check turns critical when not reported for so long.</summary>
    public required TimeSpan TimeToLive { get; init; }

    /// <summary>Consul forgets the service after being critical for so long (at least a minute); null = never.</summary>
    public TimeSpan? DeregisterAfter { get; init; }

    /// <summary>Status until the first report.</summary>
    public CheckStatus InitialStatus { get; init; } = CheckStatus.Critical;

    /// <summary>Id of the service's check, for <see cref="ConsulServices.ReportAsync"/>.</summary>
    public string CheckId => $"service:{Id}";
}

/// <summary>Where others find a service.</summary>
public sealed record RegisteredService(string Address, int Port);

/// <summary>Services of the Consul agent that is asked.</summary>
public sealed class ConsulServices
{
    private readonly ConsulTransport _transport;

    internal ConsulServices(ConsulTransport transport) => _transport = transport;

    /// <summary>Registers, or replaces the registration of the same id with its checks.</summary>
    public async Task RegisterAsync(ServiceRegistration service, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(service);
        ServiceWire wire = new()
        {
            ID = service.Id,
            Name = service.Name,
            Address = service.Address,
            Port = service.Port,
            Tags = [.. service.Tags],
            Meta = service.Meta.ToDictionary(StringComparer.Ordinal),
            Check = new CheckWire
            {
                CheckID = service.CheckId,
                TTL = ConsulDuration.Of(service.TimeToLive),
                DeregisterCriticalServiceAfter = service.DeregisterAfter is TimeSpan after ? ConsulDuration.Of(after) : null,
                Status = NameOf(service.InitialStatus),
            },
        };
        ConsulCall call = new(HttpMethod.Put, "v1/agent/service/register?replace-existing-checks=true", "service register", service.Id, Idempotent: true)
        {
            Body = JsonSerializer.SerializeToUtf8Bytes(wire, ConsulJson.Default.ServiceWire),
        };
        await _transport.SendAsync(call, cancel);
    }

    /// <summary>Where a service is registered; null when it is not.</summary>
    public async Task<RegisteredService?> FindAsync(string serviceId, CancellationToken cancel)
    {
        ConsulCall call = new(HttpMethod.Get, $"v1/agent/service/{Uri.EscapeDataString(serviceId)}", "service find", serviceId, Idempotent: true);
        try
        {
            AgentServiceWire wire = await _transport.SendAsync(call, ConsulJson.Default.AgentServiceWire, cancel);
            return new RegisteredService(wire.Address, wire.Port);
        }
        catch (ConsulException unknown) when (IsUnknown(unknown))
        {
            return null;
        }
    }

    /// <summary>No error when there is no such service.</summary>
    public async Task DeregisterAsync(string serviceId, CancellationToken cancel)
    {
        ConsulCall call = new(HttpMethod.Put, $"v1/agent/service/deregister/{Uri.EscapeDataString(serviceId)}", "service deregister", serviceId, Idempotent: true);
        try
        {
            await _transport.SendAsync(call, cancel);
        }
        catch (ConsulException unknown) when (IsUnknown(unknown))
        {
            // Already as wanted.
        }
    }

    /// <summary>Reports the state of a TTL check. False: Consul does not know the check (it lost its data), register again.</summary>
    public async Task<bool> ReportAsync(string checkId, CheckStatus status, string output, CancellationToken cancel)
    {
        ConsulCall call = new(HttpMethod.Put, $"v1/agent/check/update/{Uri.EscapeDataString(checkId)}", "check update", checkId, Idempotent: true)
        {
            Body = JsonSerializer.SerializeToUtf8Bytes(new CheckReportWire(NameOf(status), output), ConsulJson.Default.CheckReportWire),
        };
        try
        {
            await _transport.SendAsync(call, cancel);
            return true;
        }
        catch (ConsulException unknown) when (IsUnknown(unknown))
        {
            return false;
        }
    }

    internal static string NameOf(CheckStatus status) => status switch
    {
        CheckStatus.Passing => "passing",
        CheckStatus.Warning => "warning",
        _ => "critical",
    };

    /// <summary>Old releases answer 500 "CheckID … does not have associated TTL" or "Unknown service", newer ones 404.</summary>
    private static bool IsUnknown(ConsulException fault) =>
        fault.Fault == ConsulFault.NotFound
        || fault.Message.Contains("does not have associated TTL", StringComparison.Ordinal)
        || fault.Message.Contains("Unknown service", StringComparison.OrdinalIgnoreCase)
        || fault.Message.Contains("Unknown check", StringComparison.OrdinalIgnoreCase);
}
