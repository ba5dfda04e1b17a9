using System.Collections.Immutable;
using Docker.DotNet.Models;
using RpiAgent.Agent.Engine;

namespace RpiAgent.Agent.Swarm;

/// <summary>Reads this engine's part in the swarm.</summary>
internal sealed class SwarmReader(DockerEngine engine)
{
    /// <summary>A manager without quorum answers for itself but not for the cluster: peers are then empty and the error says so.</summary>
    public async Task<SwarmState> ReadAsync(CancellationToken cancel)
    {
        SystemInfoResponse info = await engine.InfoAsync(cancel);
        SwarmState state = FromEngine(info.Swarm);
        if (!state.Active)
        {
            return state;
        }

        Task<IList<NetworkResponse>> networks = engine.Networks.ListOverlaysAsync(cancel);
        if (state.Manager)
        {
            try
            {
                ImmutableArray<SwarmPeer> peers = [.. (await engine.Swarm.ListNodesAsync(cancel)).Select(FromEngine).OrderBy(peer => peer.NodeId, StringComparer.Ordinal)];
                state = state with { Peers = peers, Leader = peers.Any(peer => peer.Leader && peer.NodeId == state.NodeId) };
            }
            catch (EngineException e)
            {
                state = state with { Error = e.Message };
            }
        }

        return state with
        {
            Networks =
            [
                .. (await networks).Where(network => !network.Ingress).OrderBy(network => network.Name, StringComparer.Ordinal)
                    .Select(network => new SwarmNetwork(network.ID, network.Name, (network.Labels ?? new Dictionary<string, string>()).ToImmutableSortedDictionary(StringComparer.Ordinal))),
            ],
        };
    }

    private static SwarmState FromEngine(Info? info) => info is null ? new SwarmState("inactive") : new SwarmState(info.LocalNodeState ?? "inactive")
    {
        NodeId = info.NodeID ?? "",
        ClusterId = info.Cluster?.ID ?? "",
        Manager = info.ControlAvailable,
        Address = info.NodeAddr ?? "",
        Error = info.Error ?? "",
        RemoteManagers = [.. (info.RemoteManagers ?? []).Select(manager => manager.Addr).Order(StringComparer.Ordinal)],
    };

    private static SwarmPeer FromEngine(NodeListResponse node) => new(
        node.ID,
        node.Description?.Hostname ?? "",
        node.Status?.Addr ?? "",
        node.Spec?.Role ?? "",
        node.Status?.State ?? "unknown",
        node.ManagerStatus?.Leader ?? false,
        node.ManagerStatus?.Reachability ?? "",
        node.Spec?.Availability ?? "");
}
