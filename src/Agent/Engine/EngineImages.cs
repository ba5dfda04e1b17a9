using Docker.DotNet.Models;

namespace RpiAgent.Agent.Engine;

/// <summary>Calls about images. Transfers have no total timeout: whoever feeds or drains them notices a stall.</summary>
internal sealed class EngineImages(EngineConnection connection)
{
    private static readonly TimeSpan Quick = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Preparing = TimeSpan.FromMinutes(10);
    private const string LoadedReference = "Loaded image: ";
    private const string LoadedId = "Loaded image ID: ";

    public Task<IList<ImagesListResponse>> ListAsync(CancellationToken cancel) =>
        connection.CallAsync("list images", Quick, (client, token) => client.Images.ListImagesAsync(new ImagesListParameters(), token), cancel);

    /// <param name="image">Id or reference.</param>
    /// <returns>Null when the engine does not have it.</returns>
    public async Task<ImageInspectResponse?> FindAsync(string image, CancellationToken cancel)
    {
        try
        {
            return await connection.CallAsync($"inspect image {image}", Quick, (client, token) => client.Images.InspectImageAsync(image, token), cancel);
        }
        catch (EngineException e) when (e.NotFound)
        {
            return null;
        }
    }

    /// <summary>`docker save`: a tar of the image. The engine copies all layers before it answers. The caller disposes it.</summary>
    public Task<Stream> SaveAsync(string image, CancellationToken cancel) =>
        connection.CallAsync($"export image {image}", Preparing, (client, token) => client.Images.SaveImageAsync(image, token), cancel);

    /// <summary>`docker load`.</summary>
    /// <param name="loaded">Gets references or ids of what was in the tar, as it is loaded.</param>
    /// <exception cref="EngineException">Also when the engine reports an error within its answer.</exception>
    public async Task LoadAsync(Stream tar, ICollection<string> loaded, CancellationToken cancel)
    {
        string? error = null;
        Receiver<JSONMessage> receive = new(message =>
        {
            error ??= message.Error?.Message;
            if (message.Stream?.Trim() is { } line)
            {
                int prefix = line.StartsWith(LoadedId, StringComparison.Ordinal) ? LoadedId.Length
                    : line.StartsWith(LoadedReference, StringComparison.Ordinal) ? LoadedReference.Length : 0;
                if (prefix > 0)
                {
                    loaded.Add(line[prefix..]);
                }
            }
        });
        await connection.CallAsync(
            "import an image",
            Timeout.InfiniteTimeSpan,
            (client, token) => client.Images.LoadImageAsync(new ImageLoadParameters { Quiet = true }, tar, receive, token),
            cancel);
        if (error is not null)
        {
            throw new EngineException($"import an image: {error}", System.Net.HttpStatusCode.BadRequest, null);
        }
    }

    /// <summary>Pulls from the registry the reference names.</summary>
    public async Task PullAsync(string repository, string tag, CancellationToken cancel)
    {
        string? error = null;
        await connection.CallAsync(
            $"pull image {repository}:{tag}",
            Timeout.InfiniteTimeSpan,
            (client, token) => client.Images.CreateImageAsync(
                new ImagesCreateParameters { FromImage = repository, Tag = tag },
                new AuthConfig(),
                new Receiver<JSONMessage>(message => error ??= message.Error?.Message),
                token),
            cancel);
        if (error is not null)
        {
            throw new EngineException($"pull image {repository}:{tag}: {error}", System.Net.HttpStatusCode.BadRequest, null);
        }
    }

    public Task TagAsync(string image, string repository, string tag, CancellationToken cancel) =>
        connection.CallAsync(
            $"tag image {image} as {repository}:{tag}",
            Quick,
            (client, token) => client.Images.TagImageAsync(image, new ImageTagParameters { RepositoryName = repository, Tag = tag }, token),
            cancel);

    public Task RemoveAsync(string image, CancellationToken cancel) =>
        connection.CallAsync(
            $"remove image {image}", Quick, (client, token) => client.Images.DeleteImageAsync(image, new ImageDeleteParameters(), token), cancel);
}

/// <summary>Takes each message at once, on the reading thread (<see cref="Progress{T}"/> would reorder them).</summary>
internal sealed class Receiver<T>(Action<T> receive) : IProgress<T>
{
    public void Report(T value) => receive(value);
}
