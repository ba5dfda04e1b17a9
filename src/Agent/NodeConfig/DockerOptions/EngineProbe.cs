using System.Collections.Immutable;
using System.Net.Sockets;
using System.Text.Json;

namespace RpiAgent.Agent.NodeConfig.DockerOptions;

/// <summary>Asks the engine at its socket, without a version: it may be one that nothing was agreed with yet.</summary>
internal sealed class EngineProbe(AgentOptions options)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    public async Task<bool> AnswersAsync(CancellationToken cancel)
    {
        using HttpClient client = Connect();
        try
        {
            using HttpResponseMessage answer = await client.GetAsync(new Uri("http://docker/_ping"), cancel);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancel.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <returns>Null when the engine does not answer.</returns>
    public async Task<EngineContents?> ReadContentsAsync(CancellationToken cancel)
    {
        if (options.Root != "/")
        {
            return null;
        }

        using HttpClient client = Connect();
        if (await GetAsync(client, "containers/json?all=1", cancel) is not { ValueKind: JsonValueKind.Array } list)
        {
            return null;
        }

        ImmutableArray<string>.Builder staying = ImmutableArray.CreateBuilder<string>();
        foreach (string id in list.EnumerateArray().Select(container => container.GetProperty("Id").GetString()!))
        {
            // One that is gone by now was none to stay either.
            if (await GetAsync(client, $"containers/{id}/json", cancel) is { } container && !container.GetProperty("HostConfig").GetProperty("AutoRemove").GetBoolean())
            {
                staying.Add(id);
            }
        }

        JsonElement? info = await GetAsync(client, "info", cancel);
        return new EngineContents(info is { } told ? SwarmNodeIn(told) : null, staying.ToImmutable()) { Store = info is { } known ? StoreIn(known) : "" };
    }

    /// <summary>Interfaces that the engine has named as a person wished; empty when it does not answer.</summary>
    public async Task<ImmutableArray<string>> ReadBridgesAsync(CancellationToken cancel)
    {
        using HttpClient client = Connect();
        return await GetAsync(client, "networks", cancel) is { ValueKind: JsonValueKind.Array } networks
            ? [.. networks.EnumerateArray().Select(network => network.TryGetProperty("Options", out JsonElement all) && all.ValueKind == JsonValueKind.Object && all.TryGetProperty("com.docker.network.bridge.name", out JsonElement name) ? name.GetString() : null).OfType<string>()]
            : [];
    }

    /// <summary>A swarm manager without quorum takes its time to say who it is.</summary>
    private static string? SwarmNodeIn(JsonElement info) =>
        !info.TryGetProperty("Swarm", out JsonElement swarm) ? null
        : swarm.GetProperty("NodeID").GetString() is { Length: > 0 } self ? self
        : swarm.GetProperty("LocalNodeState").GetString() == "inactive" ? "" : null;

    private static string StoreIn(JsonElement info) =>
        info.TryGetProperty("DockerRootDir", out JsonElement root) && info.TryGetProperty("Driver", out JsonElement driver) && root.GetString() is { Length: > 0 } path ? $"{path} {driver.GetString()}" : "";

    private static async Task<JsonElement?> GetAsync(HttpClient client, string path, CancellationToken cancel)
    {
        try
        {
            using HttpResponseMessage answer = await client.GetAsync(new Uri($"http://docker/{path}"), cancel);
            if (!answer.IsSuccessStatusCode)
            {
                return null;
            }

            using JsonDocument document = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancel));
            return document.RootElement.Clone();
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or TaskCanceledException && !cancel.IsCancellationRequested)
        {
            return null;
        }
    }

    private HttpClient Connect() => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, token) =>
        {
            Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(options.Under(options.DockerSocket)), token);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    }) { Timeout = Limit };
}
