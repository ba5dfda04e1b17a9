using System.Collections.Immutable;
using RpiAgent.Agent.Engine;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Images;

/// <summary>
/// Brings images here: peers in the order given, then the registry the reference names. One transfer an image, however many ask for it;
/// it goes on if an asker leaves.
/// </summary>
internal sealed partial class ImageFetcher(ImageStore store, PeerImageSource peers, IHostApplicationLifetime life, ILogger<ImageFetcher> log)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Task<FetchedImage>> _underWay = [];

    /// <exception cref="ImageUnavailableException">No source gave it.</exception>
    public async Task<FetchedImage> FetchAsync(ImageRequest request, CancellationToken cancel)
    {
        Task<FetchedImage> transfer;
        lock (_gate)
        {
            if (!_underWay.TryGetValue(request.Key, out transfer!))
            {
                transfer = TransferAsync(request, life.ApplicationStopping);
                _underWay.Add(request.Key, transfer);
            }
        }

        return await transfer.WaitAsync(cancel);
    }

    private async Task<FetchedImage> TransferAsync(ImageRequest request, CancellationToken cancel)
    {
        await Task.Yield(); // leave the lock first
        try
        {
            if (await HereAsync(request, cancel) is { } present)
            {
                return new FetchedImage(present, WasPresent: true);
            }

            List<string> failures = [];
            foreach (ImagePeer peer in request.Peers)
            {
                if (await TryAsync($"node {peer.Node}", request, () => FromPeerAsync(request, peer, cancel), failures, cancel) is { } image)
                {
                    return new FetchedImage(image, WasPresent: false);
                }
            }

            if (ImageReference.TryParse(request.Image, out ImageReference reference)
                && await TryAsync("the registry", request, () => FromRegistryAsync(request, reference, cancel), failures, cancel) is { } pulled)
            {
                return new FetchedImage(pulled, WasPresent: false);
            }

            throw new ImageUnavailableException(failures.Count == 0
                ? $"image {request.Image} is not here, and there is nowhere to fetch it from"
                : $"image {request.Image} cannot be fetched: {string.Join("; ", failures)}");
        }
        finally
        {
            lock (_gate)
            {
                _underWay.Remove(request.Key);
            }
        }
    }

    private async Task<ImageRecord?> TryAsync(
        string source, ImageRequest request, Func<Task<ImageRecord>> fetch, List<string> failures, CancellationToken cancel)
    {
        try
        {
            ImageRecord image = await fetch();
            LogFetched(request.Image, image.Id, source);
            return image;
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            failures.Add($"{source}: {e.Message}");
            return null;
        }
    }

    private async Task<ImageRecord> FromPeerAsync(ImageRequest request, ImagePeer peer, CancellationToken cancel)
    {
        ImmutableArray<ImageRecord> before = await store.ListAsync(cancel), loaded;
        List<string> named = [];
        try
        {
            await using ChunkStream tar = peers(peer, request.ImageId.Length > 0 ? request.ImageId : request.Image, cancel);
            loaded = await store.ImportAsync(tar, named, cancel);
        }
        catch (Exception) when (!cancel.IsCancellationRequested)
        {
            await PutBackAsync(request, peer, before, named, cancel);
            throw;
        }

        ImmutableArray<MovedTag> strangers = await PutBackAsync(request, peer, before, named, cancel);
        if (strangers.Any(tag => tag.Id != request.ImageId))
        {
            throw new ImageUnavailableException($"it gave what was not asked for: {string.Join(", ", strangers.Select(tag => tag.Tag))}");
        }

        return await HereAsync(request, cancel) ?? throw await DiscardAsync(loaded, cancel);
    }

    /// <summary>Gives every tag that was not asked for back to the image that had it.</summary>
    private async Task<ImmutableArray<MovedTag>> PutBackAsync(
        ImageRequest request, ImagePeer peer, ImmutableArray<ImageRecord> before, List<string> named, CancellationToken cancel)
    {
        ImmutableArray<MovedTag> strangers = PeerTags.Strangers(before, await store.ListAsync(cancel), named, request);
        foreach (MovedTag tag in strangers)
        {
            LogStranger(peer.Node, tag.Tag, tag.Id);
            if (tag.OldId is { } old && ImageReference.TryParse(tag.Tag, out ImageReference reference))
            {
                await store.TagAsync(old, reference, cancel);
            }
            else
            {
                await store.RemoveAsync(tag.Tag, cancel);
            }
        }

        return strangers;
    }

    private async Task<ImageRecord> FromRegistryAsync(ImageRequest request, ImageReference reference, CancellationToken cancel)
    {
        await store.PullAsync(reference, cancel);
        return await HereAsync(request, cancel) ?? throw new ImageUnavailableException("it gave another image than the one wanted");
    }

    /// <summary>The wanted image if it is here, known under its reference. The engine makes ids from content, so an id proves the content.</summary>
    private async Task<ImageRecord?> HereAsync(ImageRequest request, CancellationToken cancel)
    {
        string wanted = request.ImageId.Length > 0 ? request.ImageId : request.Image;
        if (await store.FindAsync(wanted, cancel) is not { } image || (request.ImageId.Length > 0 && image.Id != request.ImageId))
        {
            return null;
        }

        if (!ImageReference.TryParse(request.Image, out ImageReference reference) || image.Tags.Contains(reference.ToString()))
        {
            return image;
        }

        await store.TagAsync(image.Id, reference, cancel);
        return await store.FindAsync(image.Id, cancel);
    }

    private async Task<ImageUnavailableException> DiscardAsync(ImmutableArray<ImageRecord> loaded, CancellationToken cancel)
    {
        foreach (ImageRecord wrong in loaded.Where(image => image.Tags.IsEmpty))
        {
            try
            {
                await store.RemoveAsync(wrong.Id, cancel);
            }
            catch (EngineException e)
            {
                LogNotDiscarded(wrong.Id, e.Message);
            }
        }

        return new ImageUnavailableException($"it gave {(loaded.IsEmpty ? "nothing" : string.Join(", ", loaded.Select(image => image.Id)))} instead of the image wanted");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Image {Image} ({Id}) fetched from {Source}")]
    private partial void LogFetched(string image, string id, string source);

    [LoggerMessage(Level = LogLevel.Error, Message = "Node {Node} gave the tag {Tag} ({Id}) without being asked to; it is put back")]
    private partial void LogStranger(NodeId node, string tag, string id);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The wrong image {Id} stays: {Reason}")]
    private partial void LogNotDiscarded(string id, string reason);
}
