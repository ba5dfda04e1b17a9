using System.Collections.Immutable;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Agent.Swarm;

/// <summary>Where wire types stop.</summary>
internal static class ProtoMapping
{
    /// <returns>Null for an order this version does not know.</returns>
    public static SwarmOrder? FromWire(Wire.SwarmOrder wire) => wire.OrderCase switch
    {
        Wire.SwarmOrder.OrderOneofCase.Init => new InitSwarm(wire.Init.AdvertiseAddress, wire.Init.ForceNewCluster) { AddressPool = wire.Init.AddressPool },
        Wire.SwarmOrder.OrderOneofCase.Join => new JoinSwarm(wire.Join.AdvertiseAddress, [.. wire.Join.Managers], wire.Join.JoinToken),
        Wire.SwarmOrder.OrderOneofCase.Leave => new LeaveSwarm(wire.Leave.Force),
        Wire.SwarmOrder.OrderOneofCase.ReadTokens => new ReadSwarmTokens(),
        Wire.SwarmOrder.OrderOneofCase.SetRole => new SetSwarmRole(wire.SetRole.SwarmNodeId, wire.SetRole.Manager),
        Wire.SwarmOrder.OrderOneofCase.RemoveNode => new RemoveSwarmNode(wire.RemoveNode.SwarmNodeId, wire.RemoveNode.Force),
        Wire.SwarmOrder.OrderOneofCase.CreateNetwork => new CreateSwarmNetwork(
            wire.CreateNetwork.Name,
            wire.CreateNetwork.Labels.ToImmutableSortedDictionary(StringComparer.Ordinal),
            wire.CreateNetwork.Encrypted,
            (int)wire.CreateNetwork.Mtu,
            wire.CreateNetwork.Internal),
        Wire.SwarmOrder.OrderOneofCase.RemoveNetwork => new RemoveSwarmNetwork(wire.RemoveNetwork.Name),
        _ => null,
    };

    public static Wire.SwarmOrderReply ToWire(SwarmOutcome outcome) => new()
    {
        SwarmNodeId = outcome.SwarmNodeId,
        ClusterId = outcome.ClusterId,
        WorkerToken = outcome.WorkerToken,
        ManagerToken = outcome.ManagerToken,
        NetworkId = outcome.NetworkId,
    };

    public static Wire.SwarmStatus ToWire(SwarmState state)
    {
        Wire.SwarmStatus status = new()
        {
            State = state.State,
            NodeId = state.NodeId,
            ClusterId = state.ClusterId,
            Manager = state.Manager,
            Leader = state.Leader,
            Address = state.Address,
            Error = state.Error,
        };
        status.Peers.AddRange(state.Peers.Select(peer => new Wire.SwarmPeer
        {
            NodeId = peer.NodeId,
            HostName = peer.HostName,
            Address = peer.Address,
            Role = peer.Role,
            State = peer.State,
            Leader = peer.Leader,
            Reachability = peer.Reachability,
            Availability = peer.Availability,
        }));
        status.Networks.AddRange(state.Networks.Select(network =>
        {
            Wire.SwarmNetwork wire = new() { Id = network.Id, Name = network.Name };
            wire.Labels.Add(network.Labels);
            return wire;
        }));
        return status;
    }
}
