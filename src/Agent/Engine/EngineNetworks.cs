using Docker.DotNet.Models;

namespace RpiAgent.Agent.Engine;

/// <summary>Calls about networks.</summary>
internal sealed class EngineNetworks(EngineConnection connection)
{
    private static readonly TimeSpan Quick = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(60);

    /// <summary>The overlay networks this engine knows; a worker learns of one with its first container on it.</summary>
    public Task<IList<NetworkResponse>> ListOverlaysAsync(CancellationToken cancel) =>
        connection.CallAsync(
            "list networks",
            Quick,
            (client, token) => client.Networks.ListNetworksAsync(
                new NetworksListParameters { Filters = new Dictionary<string, IDictionary<string, bool>> { ["driver"] = new Dictionary<string, bool> { ["overlay"] = true } } },
                token),
            cancel);

    /// <returns>Null when there is none.</returns>
    public async Task<NetworkResponse?> FindAsync(string name, CancellationToken cancel)
    {
        try
        {
            return await connection.CallAsync($"inspect network {name}", Quick, (client, token) => client.Networks.InspectNetworkAsync(name, token), cancel);
        }
        catch (EngineException e) when (e.NotFound)
        {
            return null;
        }
    }

    /// <returns>The new network's id.</returns>
    public async Task<string> CreateAsync(NetworksCreateParameters parameters, CancellationToken cancel)
    {
        NetworksCreateResponse created = await connection.CallAsync(
            $"create network {parameters.Name}", Slow, (client, token) => client.Networks.CreateNetworkAsync(parameters, token), cancel);
        return created.ID;
    }

    public Task RemoveAsync(string name, CancellationToken cancel) =>
        connection.CallAsync($"remove network {name}", Slow, (client, token) => client.Networks.DeleteNetworkAsync(name, token), cancel);

    public Task ConnectAsync(string network, NetworkConnectParameters parameters, CancellationToken cancel) =>
        connection.CallAsync(
            $"connect to network {network}", Slow, (client, token) => client.Networks.ConnectNetworkAsync(network, parameters, token), cancel);
}
