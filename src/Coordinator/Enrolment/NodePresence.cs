using RpiAgent.Consul;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Model;
using RpiAgent.Identity;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Enrolment;

/// <summary>Whether a node is at work, whoever asks: serial, MAC and even a copied key are a caller's claims, and never win over a node that is there.</summary>
internal sealed class NodePresence(ConsulClient consul, ClusterState state, SteadyTime time)
{
    /// <summary>Its agent reports to Consul, or to this coordinator, now.</summary>
    public async Task<bool> IsAliveAsync(NodeId node, CancellationToken cancel) =>
        state.Current.Nodes.GetValueOrDefault(node) is { Connected: true }
        || (await consul.Health.ListAsync(ConsulService.Name, default, cancel)).Value.Any(service => service.Id == ConsulService.IdOf(node) && service.Passing);

    /// <summary>Two boards that were heard with its identity of late. A leader settles that; what one saw that leads no more ends by itself.</summary>
    public IdentityConflict? ConflictOf(NodeId node) =>
        state.Current.Nodes.GetValueOrDefault(node)?.Conflict is { } conflict && time.GetUtcNow() < conflict.LastSwitch + TwinRules.Quiet ? conflict : null;
}
