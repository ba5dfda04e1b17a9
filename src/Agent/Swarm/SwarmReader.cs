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

        Task<(ImmutableArray<SwarmNetwork> Found, string Error)> networks = TryAsync<SwarmNetwork>(async () => (await engine.Networks.ListOverlaysAsync(cancel))
            .Where(network => !network.Ingress).OrderBy(network => network.Name, StringComparer.Ordinal).Select(FromEngine));
        (ImmutableArray<SwarmPeer> peers, string error) = state.Manager
            ? await TryAsync<SwarmPeer>(async () => (await engine.Swarm.ListNodesAsync(cancel)).Select(FromEngine).OrderBy(peer => peer.NodeId, StringComparer.Ordinal))
            : ([], "");
        return state with
        {
            Peers = peers,
            Leader = peers.Any(peer => peer.Leader && peer.NodeId == state.NodeId),
            Networks = (await networks).Found,
            Error = error.Length > 0 ? error : (await networks).Error.Length > 0 ? (await networks).Error : state.Error,
        };
    }

    private static async Task<(ImmutableArray<T> Found, string Error)> TryAsync<T>(Func<Task<IEnumerable<T>>> read)
    {
        try
        {
            return ([.. await read()], "");
        }
        catch (EngineException e)
        {
            return ([], e.Message);
        }
    }

    private static SwarmNetwork FromEngine(NetworkResponse network) => new(
        network.ID, network.Name, (network.Labels ?? new Dictionary<string, string>()).ToImmutableSortedDictionary(StringComparer.Ordinal));

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
