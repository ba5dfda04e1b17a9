using System.Collections.Immutable;
using Docker.DotNet.Models;
using RpiAgent.Agent.Engine;

namespace RpiAgent.Agent.Containers;

/// <summary>Reads from the engine what the planner needs.</summary>
internal sealed class ContainerObserver(DockerEngine engine)
{
    /// <summary>All containers; ours with details.</summary>
    public async Task<ImmutableArray<ObservedContainer>> ContainersAsync(CancellationToken cancel)
    {
        IList<ContainerListResponse> listed = await engine.Containers.ListAsync(cancel);
        ObservedContainer?[] observed = await Task.WhenAll(listed.Select(container => DetailAsync(EngineMapping.FromEngine(container), cancel)));
        return [.. observed.OfType<ObservedContainer>()];
    }

    /// <summary>Ids and references of the images here, each to its id.</summary>
    public async Task<ImmutableDictionary<string, string>> ImagesAsync(CancellationToken cancel)
    {
        ImmutableDictionary<string, string>.Builder images = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (ImagesListResponse image in await engine.Images.ListAsync(cancel))
        {
            images[image.ID] = image.ID;
            foreach (string name in (image.RepoTags ?? []).Concat(image.RepoDigests ?? []).Where(name => !name.StartsWith("<none>", StringComparison.Ordinal)))
            {
                images[ImageNames.Normalise(name)] = image.ID;
            }
        }

        return images.ToImmutable();
    }

    private async Task<ObservedContainer?> DetailAsync(ObservedContainer container, CancellationToken cancel)
    {
        if (container.Replica is null)
        {
            return container;
        }

        try
        {
            return EngineMapping.WithDetails(container, await engine.Containers.InspectAsync(container.Id, cancel));
        }
        catch (EngineException e) when (e.NotFound)
        {
            return null; // removed since it was listed
        }
    }
}
