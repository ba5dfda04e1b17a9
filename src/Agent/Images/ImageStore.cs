using System.Collections.Concurrent;
using System.Collections.Immutable;
using Docker.DotNet.Models;
using RpiAgent.Agent.Engine;

namespace RpiAgent.Agent.Images;

/// <summary>An image of this node. <paramref name="Platform"/> is linux/amd64, linux/arm64, linux/arm/v7.</summary>
internal sealed record ImageRecord(string Id, ImmutableArray<string> Tags, long SizeBytes, string Platform);

/// <summary>The engine's images: what is here, out as a tar, in from a tar.</summary>
internal sealed class ImageStore(DockerEngine engine)
{
    /// <summary>An id's platform never changes; the list does not tell it.</summary>
    private readonly ConcurrentDictionary<string, string> _platforms = new(StringComparer.Ordinal);

    public async Task<ImmutableArray<ImageRecord>> ListAsync(CancellationToken cancel)
    {
        IList<ImagesListResponse> listed = await engine.Images.ListAsync(cancel);
        ImageRecord[] records = await Task.WhenAll(listed.Select(async image =>
            new ImageRecord(image.ID, Tags(image.RepoTags), image.Size, await PlatformAsync(image.ID, cancel))));
        foreach (string gone in _platforms.Keys.Except(listed.Select(image => image.ID), StringComparer.Ordinal))
        {
            _platforms.TryRemove(gone, out _);
        }

        return [.. records.OrderBy(record => record.Id, StringComparer.Ordinal)];
    }

    /// <returns>Null when it is not here.</returns>
    public async Task<ImageRecord?> FindAsync(string image, CancellationToken cancel) =>
        await engine.Images.FindAsync(image, cancel) is { } found ? new ImageRecord(found.ID, Tags(found.RepoTags), found.Size, Platform(found)) : null;

    /// <summary>A `docker save` tar. The caller disposes it.</summary>
    public Task<Stream> ExportAsync(string image, CancellationToken cancel) => engine.Images.SaveAsync(image, cancel);

    /// <param name="named">Gets references or ids as the engine loads them, also when the import fails afterwards.</param>
    /// <returns>The images that were in the tar.</returns>
    /// <exception cref="IOException">The sender failed before the tar was whole.</exception>
    public async Task<ImmutableArray<ImageRecord>> ImportAsync(ChunkStream tar, ICollection<string> named, CancellationToken cancel)
    {
        try
        {
            await engine.Images.LoadAsync(tar, named, cancel);
        }
        catch (EngineException) when (tar.Failure is not null)
        {
            // The engine only complains about half a tar.
        }

        if (tar.Failure is { } failure)
        {
            throw new IOException(failure.Message, failure);
        }

        ImageRecord?[] records = await Task.WhenAll(named.Select(name => FindAsync(name, cancel)));
        return [.. records.OfType<ImageRecord>().DistinctBy(record => record.Id)];
    }

    public Task PullAsync(ImageReference reference, CancellationToken cancel) => engine.Images.PullAsync(reference.Repository, reference.Tag, cancel);

    public Task TagAsync(string id, ImageReference reference, CancellationToken cancel) =>
        engine.Images.TagAsync(id, reference.Repository, reference.Tag, cancel);

    public Task RemoveAsync(string image, CancellationToken cancel) => engine.Images.RemoveAsync(image, cancel);

    private async Task<string> PlatformAsync(string id, CancellationToken cancel)
    {
        if (_platforms.TryGetValue(id, out string? known))
        {
            return known;
        }

        string platform = await engine.Images.FindAsync(id, cancel) is { } found ? Platform(found) : "";
        if (platform.Length > 0)
        {
            _platforms[id] = platform;
        }

        return platform;
    }

    private static string Platform(ImageInspectResponse image) =>
        string.IsNullOrEmpty(image.Variant) ? $"{image.Os}/{image.Architecture}" : $"{image.Os}/{image.Architecture}/{image.Variant}";

    private static ImmutableArray<string> Tags(IList<string>? tags) =>
        [.. (tags ?? []).Where(tag => !tag.StartsWith("<none>", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
}
