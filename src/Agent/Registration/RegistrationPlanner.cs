using System.Collections.Immutable;
using RpiAgent.Consul;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Registration;

/// <summary>What this node tells the catalog, and when it must be told again.</summary>
internal static class RegistrationPlanner
{
    private const int MaximumValue = 512;

    /// <param name="facts">Facts about board and engine; empty ones are left out, long ones cut at Consul's 512 characters.</param>
    public static ServiceRegistration Describe(NodeId node, string name, string address, int port, TimeSpan beat, IEnumerable<KeyValuePair<string, string>> facts) => new()
    {
        Id = ConsulService.IdOf(node),
        Name = ConsulService.Name,
        Address = address,
        Port = port,
        TimeToLive = 3 * beat,
        InitialStatus = CheckStatus.Passing,
        Meta = facts
            .Append(new("node-id", node.Value))
            .Append(new("node-name", name))
            .Where(fact => fact.Value.Length > 0)
            .ToImmutableSortedDictionary(fact => fact.Key, fact => fact.Value.Length > MaximumValue ? fact.Value[..MaximumValue] : fact.Value, StringComparer.Ordinal),
    };

    public static bool MustRegister(ServiceRegistration wanted, ServiceRegistration? registered) =>
        registered is null || registered.Address != wanted.Address || registered.Port != wanted.Port || !registered.Meta.SequenceEqual(wanted.Meta);
}
