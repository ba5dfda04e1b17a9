using Docker.DotNet.Models;

namespace RpiAgent.Agent.Engine;

/// <summary>The one home of side effects on dockerd: typed calls, each with a timeout, failing with <see cref="EngineException"/>.</summary>
internal sealed class DockerEngine(EngineConnection connection)
{
    private static readonly TimeSpan Quick = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Patient = TimeSpan.FromSeconds(25);

    public EngineContainers Containers { get; } = new(connection);

    public EngineImages Images { get; } = new(connection);

    public EngineSwarm Swarm { get; } = new(connection);

    public EngineNetworks Networks { get; } = new(connection);

    /// <summary>A swarm manager without quorum takes up to 20 s to answer.</summary>
    public Task<SystemInfoResponse> InfoAsync(CancellationToken cancel) =>
        connection.CallAsync("read engine information", Patient, (client, token) => client.System.GetSystemInfoAsync(token), cancel);

    public Task<VersionResponse> VersionAsync(CancellationToken cancel) =>
        connection.CallAsync("read engine version", Quick, (client, token) => client.System.GetVersionAsync(token), cancel);

    public Task PingAsync(CancellationToken cancel) =>
        connection.CallAsync("ping the engine", Quick, (client, token) => client.System.PingAsync(token), cancel);

    /// <summary>Runs until the engine ends the stream, the call fails or is cancelled.</summary>
    public Task MonitorEventsAsync(ContainerEventsParameters parameters, IProgress<Message> receive, CancellationToken cancel) =>
        connection.CallAsync(
            "watch engine events", Timeout.InfiniteTimeSpan, (client, token) => client.System.MonitorEventsAsync(parameters, receive, token), cancel);

    /// <summary>The engine went away: the next one may speak another version.</summary>
    public void Forget() => connection.Forget();
}
