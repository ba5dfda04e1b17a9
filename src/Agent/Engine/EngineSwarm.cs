using Docker.DotNet.Models;

namespace RpiAgent.Agent.Engine;

/// <summary>Calls about Swarm mode.</summary>
internal sealed class EngineSwarm(EngineConnection connection)
{
    private static readonly TimeSpan Quick = TimeSpan.FromSeconds(8);

    /// <summary>The engine itself gives up joining after 20 s.</summary>
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(45);

    /// <returns>The swarm node id of this engine.</returns>
    public Task<string> InitAsync(SwarmInitParameters parameters, CancellationToken cancel) =>
        connection.CallAsync("initialise the swarm", Slow, (client, token) => client.Swarm.InitSwarmAsync(parameters, token), cancel);

    public Task JoinAsync(SwarmJoinParameters parameters, CancellationToken cancel) =>
        connection.CallAsync(
            $"join the swarm at {string.Join(", ", parameters.RemoteAddrs)}", Slow, (client, token) => client.Swarm.JoinSwarmAsync(parameters, token), cancel);

    public Task LeaveAsync(bool force, CancellationToken cancel) =>
        connection.CallAsync("leave the swarm", Slow, (client, token) => client.Swarm.LeaveSwarmAsync(new SwarmLeaveParameters { Force = force }, token), cancel);

    public Task<SwarmInspectResponse> InspectAsync(CancellationToken cancel) =>
        connection.CallAsync("inspect the swarm", Quick, (client, token) => client.Swarm.InspectSwarmAsync(token), cancel);

    public Task<IList<NodeListResponse>> ListNodesAsync(CancellationToken cancel) =>
        connection.CallAsync("list swarm nodes", Quick, (client, token) => client.Swarm.ListNodesAsync(token), cancel);

    public Task<NodeListResponse> InspectNodeAsync(string id, CancellationToken cancel) =>
        connection.CallAsync($"inspect swarm node {id}", Quick, (client, token) => client.Swarm.InspectNodeAsync(id, token), cancel);

    /// <param name="version">Of the node as it was read; the engine refuses if it has changed since.</param>
    public Task UpdateNodeAsync(string id, ulong version, NodeUpdateParameters parameters, CancellationToken cancel) =>
        connection.CallAsync($"update swarm node {id}", Quick, (client, token) => client.Swarm.UpdateNodeAsync(id, version, parameters, token), cancel);

    public Task RemoveNodeAsync(string id, bool force, CancellationToken cancel) =>
        connection.CallAsync($"remove swarm node {id}", Quick, (client, token) => client.Swarm.RemoveNodeAsync(id, force, token), cancel);
}
