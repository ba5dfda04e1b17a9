using System.Net.Sockets;
using Docker.DotNet;
using Docker.DotNet.Models;
using Version = System.Version;

namespace RpiAgent.Agent.Engine;

/// <summary>Why nobody may ask the engine just now; null when all may.</summary>
internal delegate string? EngineHold();

/// <summary>
/// The way to dockerd: its unix socket, with the API version agreed on once per life of the engine.
/// Docker.DotNet opens a connection per request, so nothing needs to be re-opened; only the version can change when the engine does.
/// </summary>
/// <param name="socket">Path of the unix socket.</param>
/// <param name="hold">While it has a reason, each call fails as if the engine were away.</param>
internal sealed partial class EngineConnection(string socket, EngineHold hold, TimeProvider time, ILogger<EngineConnection> log)
{
    /// <summary>For those who ask at any time.</summary>
    public static readonly EngineHold NoHold = () => null;

    private static readonly Version NewestTested = new(1, 41);
    private static readonly TimeSpan VersionTimeout = TimeSpan.FromSeconds(5);
    private readonly Uri _endpoint = new($"unix://{socket}");
    private volatile DockerClient? _client;

    /// <summary>The engine may be another one now: agree on a version again before the next call.</summary>
    public void Forget() => _client = null;

    /// <param name="what">For messages: "create container web.1".</param>
    /// <exception cref="EngineException">Refused, unreachable, or no answer within <paramref name="timeout"/>.</exception>
    public async Task<T> CallAsync<T>(string what, TimeSpan timeout, Func<DockerClient, CancellationToken, Task<T>> call, CancellationToken cancel)
    {
        if (hold() is { } why)
        {
            throw new EngineException($"{what}: {why}", null, null);
        }

        using CancellationTokenSource late = new(timeout, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancel);
        try
        {
            return await call(await ConnectAsync(either.Token), either.Token);
        }
        catch (DockerApiException e)
        {
            throw EngineException.From(what, e);
        }
        catch (OperationCanceledException e) when (late.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            throw new EngineException($"{what}: dockerd did not answer within {timeout.TotalSeconds:0} s", null, e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException or TimeoutException)
        {
            throw new EngineException($"{what}: dockerd cannot be reached at {socket}: {e.Message}", null, e);
        }
    }

    /// <inheritdoc cref="CallAsync{T}"/>
    public Task CallAsync(string what, TimeSpan timeout, Func<DockerClient, CancellationToken, Task> call, CancellationToken cancel) =>
        CallAsync(what, timeout, async (client, token) =>
        {
            await call(client, token);
            return true;
        }, cancel);

    /// <summary>The library does not negotiate: ask once without a version, then agree on one.</summary>
    private async ValueTask<DockerClient> ConnectAsync(CancellationToken cancel)
    {
        if (_client is { } known)
        {
            return known;
        }

        using DockerClient first = Builder().Build();
        using CancellationTokenSource late = new(VersionTimeout, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancel);
        VersionResponse version;
        try
        {
            version = await first.System.GetVersionAsync(either.Token);
        }
        catch (OperationCanceledException e) when (late.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            throw new TimeoutException($"no answer within {VersionTimeout.TotalSeconds:0} s", e);
        }

        Version agreed = Agree(version.APIVersion, version.MinAPIVersion ?? "");
        LogConnected(version.Version, version.APIVersion, agreed);
        DockerClient client = Builder().WithApiVersion(agreed).Build();
        _client = client;
        return client;
    }

    /// <summary>The tested version, or the nearest to it that the engine speaks: 20.10 has nothing above 1.41, 29.0 nothing below 1.44.</summary>
    internal static Version Agree(string newest, string oldest)
    {
        Version agreed = Version.TryParse(newest, out Version? offered) && offered < NewestTested ? offered : NewestTested;
        return Version.TryParse(oldest, out Version? minimum) && minimum > agreed ? minimum : agreed;
    }

    private DockerClientBuilder Builder() =>
        new DockerClientBuilder().WithEndpoint(_endpoint).WithTimeout(Timeout.InfiniteTimeSpan);

    [LoggerMessage(Level = LogLevel.Information, Message = "Docker engine {EngineVersion} (API {EngineApi}), speaking API {Api}")]
    private partial void LogConnected(string engineVersion, string engineApi, Version api);
}
