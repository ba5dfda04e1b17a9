using Docker.DotNet;
using Docker.DotNet.Models;

namespace RpiAgent.Agent.Engine;

/// <summary>Calls about containers.</summary>
internal sealed class EngineContainers(EngineConnection connection)
{
    private static readonly TimeSpan Quick = TimeSpan.FromSeconds(8);

    /// <summary>Starting may wait for a swarm manager to allot an address (20 s in the engine), and an SD card is slow.</summary>
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(60);

    /// <summary>All containers, running or not.</summary>
    public Task<IList<ContainerListResponse>> ListAsync(CancellationToken cancel) =>
        connection.CallAsync(
            "list containers", Quick, (client, token) => client.Containers.ListContainersAsync(new ContainersListParameters { All = true }, token), cancel);

    public Task<ContainerInspectResponse> InspectAsync(string id, CancellationToken cancel) =>
        connection.CallAsync($"inspect container {id}", Quick, (client, token) => client.Containers.InspectContainerAsync(id, token), cancel);

    /// <returns>The new container's id.</returns>
    public async Task<string> CreateAsync(CreateContainerParameters parameters, CancellationToken cancel)
    {
        CreateContainerResponse created = await connection.CallAsync(
            $"create container {parameters.Name}", Slow, (client, token) => client.Containers.CreateContainerAsync(parameters, token), cancel);
        return created.ID;
    }

    /// <summary>No error when it runs already.</summary>
    public Task StartAsync(string id, string name, CancellationToken cancel) =>
        connection.CallAsync(
            $"start container {name}", Slow, (client, token) => client.Containers.StartContainerAsync(id, new ContainerStartParameters(), token), cancel);

    /// <summary>Asks it to stop and kills it after its own stop timeout. No error when it is stopped or gone already.</summary>
    /// <param name="grace">The container's stop timeout; only to know how long the call may take.</param>
    public async Task StopAsync(string id, string name, TimeSpan grace, CancellationToken cancel)
    {
        try
        {
            await connection.CallAsync(
                $"stop container {name}", grace + Slow, (client, token) => client.Containers.StopContainerAsync(id, new ContainerStopParameters(), token), cancel);
        }
        catch (EngineException e) when (e.NotFound)
        {
        }
    }

    /// <summary>Removes the container and leaves its volumes. No error when it is gone already.</summary>
    public async Task RemoveAsync(string id, string name, CancellationToken cancel)
    {
        try
        {
            await connection.CallAsync(
                $"remove container {name}",
                Slow,
                (client, token) => client.Containers.RemoveContainerAsync(id, new ContainerRemoveParameters { Force = true, RemoveVolumes = false }, token),
                cancel);
        }
        catch (EngineException e) when (e.NotFound)
        {
        }
    }

    /// <summary>Output of a container, told apart by stream. The caller disposes it.</summary>
    public Task<MultiplexedStream> LogsAsync(string id, ContainerLogsParameters parameters, CancellationToken cancel) =>
        connection.CallAsync(
            $"read the output of container {id}", Quick, (client, token) => client.Containers.GetContainerLogsAsync(id, parameters, token), cancel);
}
