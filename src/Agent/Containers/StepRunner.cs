using Docker.DotNet.Models;
using RpiAgent.Agent.Engine;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Containers;

/// <summary>Brings an image to this node, or throws with all that was tried.</summary>
internal delegate Task ImageSupplier(FetchImage wanted, CancellationToken cancel);

/// <summary>Does one step at the engine: it happens or throws.</summary>
internal sealed partial class StepRunner(DockerEngine engine, ImageSupplier fetch, ILogger<StepRunner> log)
{
    public Task RunAsync(ContainerStep step, CancellationToken cancel) => step switch
    {
        RemoveContainer remove => RemoveAsync(remove, cancel),
        FetchImage wanted => FetchAsync(wanted, cancel),
        CreateContainer create => CreateAsync(create, cancel),
        StartContainer start => StartAsync(start, cancel),
        _ => throw new ArgumentOutOfRangeException(nameof(step), step, "unknown step"),
    };

    private async Task RemoveAsync(RemoveContainer step, CancellationToken cancel)
    {
        LogRemove(step.Replica, step.Container.Name, step.Reason);
        ObservedContainer container = step.Container;
        if (container.State is ContainerState.Running or ContainerState.Restarting or ContainerState.Paused)
        {
            await engine.Containers.StopAsync(container.Id, container.Name, container.StopGrace, cancel);
        }

        await engine.Containers.RemoveAsync(container.Id, container.Name, cancel);
    }

    private async Task FetchAsync(FetchImage step, CancellationToken cancel)
    {
        LogFetch(step.Replica, step.Image);
        await fetch(step, cancel);
    }

    private async Task CreateAsync(CreateContainer step, CancellationToken cancel)
    {
        string name = step.Desired.Name;
        string id = await engine.Containers.CreateAsync(EngineMapping.ToCreate(step.Desired, step.Image), cancel);
        foreach ((string network, NetworkConnectParameters parameters) in EngineMapping.LaterNetworks(step.Desired.Container, id))
        {
            await ConnectAsync(network, parameters, id, name, cancel);
        }

        await engine.Containers.StartAsync(id, name, cancel);
        LogCreated(step.Replica, name, id);
    }

    /// <summary>A container that misses a network must not be started later as if it were whole.</summary>
    private async Task ConnectAsync(string network, NetworkConnectParameters parameters, string id, string name, CancellationToken cancel)
    {
        try
        {
            await engine.Networks.ConnectAsync(network, parameters, cancel);
        }
        catch (Exception)
        {
            await engine.Containers.RemoveAsync(id, name, CancellationToken.None);
            throw;
        }
    }

    private async Task StartAsync(StartContainer step, CancellationToken cancel)
    {
        await engine.Containers.StartAsync(step.Container.Id, step.Container.Name, cancel);
        LogStarted(step.Replica, step.Container.Name);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Replica}: removing container {Name}: {Reason}")]
    private partial void LogRemove(ReplicaId replica, string name, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Replica}: fetching image {Image}")]
    private partial void LogFetch(ReplicaId replica, string image);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Replica}: container {Name} ({Id}) created and started")]
    private partial void LogCreated(ReplicaId replica, string name, string id);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Replica}: container {Name} started")]
    private partial void LogStarted(ReplicaId replica, string name);
}
