using RpiAgent.Consul;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Enrolment;

/// <summary>Whether a node is at work, whoever asks: serial, MAC and even a copied key are a caller's claims, and never win over a node that is there.</summary>
internal sealed class NodePresence(ConsulClient consul)
{
    /// <summary>Its agent reports to Consul now.</summary>
    public async Task<bool> IsAliveAsync(NodeId node, CancellationToken cancel) =>
        (await consul.Health.ListAsync(ConsulService.Name, default, cancel)).Value.Any(service => service.Id == ConsulService.IdOf(node) && service.Passing);
}
