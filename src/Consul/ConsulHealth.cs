using System.Collections.Immutable;

namespace RpiAgent.Consul;

/// <summary>A registered service and the worst of its own checks.</summary>
/// <param name="Output">What the service said at its last report.</param>
public sealed record ServiceInstance(
    string Id, string Name, string Address, int Port, ImmutableSortedDictionary<string, string> Meta,
    ImmutableArray<string> Tags, CheckStatus Status, string Output)
{
    public bool Passing => Status == CheckStatus.Passing;
}

/// <summary>The catalog with its checks.</summary>
public sealed class ConsulHealth
{
    private readonly ConsulTransport _transport;

    internal ConsulHealth(ConsulTransport transport) => _transport = transport;

    /// <summary>All instances of a service, also failing ones, in order of id.</summary>
    public async Task<Indexed<ImmutableArray<ServiceInstance>>> ListAsync(string service, ConsulQuery query, CancellationToken cancel)
    {
        ConsulCall call = new(HttpMethod.Get, query.AppendTo($"v1/health/service/{Uri.EscapeDataString(service)}"), "health list", service, Idempotent: true)
        {
            ExtraTimeout = query.ExtraTimeout,
        };
        ConsulReply reply = await _transport.SendAsync(call, cancel);
        HealthWire[] wire = ConsulTransport.Read(call, reply, ConsulJson.Default.HealthWireArray);
        return new Indexed<ImmutableArray<ServiceInstance>>(
            [.. wire.Select(ToInstance).OrderBy(instance => instance.Id, StringComparer.Ordinal)], reply.Index);
    }

    private static ServiceInstance ToInstance(HealthWire wire)
    {
        HealthCheckWire[] own = [.. (wire.Checks ?? []).Where(check => check.ServiceID == wire.Service.ID)];
        return new ServiceInstance(
            wire.Service.ID,
            wire.Service.Service,
            wire.Service.Address,
            wire.Service.Port,
            (wire.Service.Meta ?? []).ToImmutableSortedDictionary(StringComparer.Ordinal),
            [.. wire.Service.Tags ?? []],
            own.Select(check => StatusOf(check.Status)).DefaultIfEmpty(CheckStatus.Passing).Max(),
            string.Join("; ", own.Select(check => check.Output).Where(output => output.Length > 0)));
    }

    private static CheckStatus StatusOf(string name) => name switch
    {
        "passing" => CheckStatus.Passing,
        "warning" => CheckStatus.Warning,
        _ => CheckStatus.Critical,
    };
}
