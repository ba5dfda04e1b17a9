using System.Net;
using System.Text.Json;
using Docker.DotNet;

namespace RpiAgent.Agent.Engine;

/// <summary>dockerd refused, failed or did not answer. The message says what was tried and why it failed.</summary>
internal sealed class EngineException(string message, HttpStatusCode? status, Exception? inner) : Exception(message, inner)
{
    /// <summary>The engine's HTTP answer; null when there was none.</summary>
    public HttpStatusCode? Status { get; } = status;

    /// <summary>The engine is not there or did not answer in time.</summary>
    public bool Unreachable => Status is null;

    public bool NotFound => Status == HttpStatusCode.NotFound;

    public static EngineException From(string what, DockerApiException refused) =>
        new($"{what}: {MessageOf(refused)}", refused.StatusCode, refused);

    /// <summary>The sentence inside the engine's JSON answer, or the answer as it is.</summary>
    private static string MessageOf(DockerApiException refused)
    {
        if (string.IsNullOrWhiteSpace(refused.ResponseBody))
        {
            return $"the engine answered {(int)refused.StatusCode}";
        }

        try
        {
            using JsonDocument body = JsonDocument.Parse(refused.ResponseBody);
            return body.RootElement.ValueKind == JsonValueKind.Object && body.RootElement.TryGetProperty("message", out JsonElement message)
                ? message.GetString() ?? refused.ResponseBody
                : refused.ResponseBody;
        }
        catch (JsonException)
        {
            return refused.ResponseBody;
        }
    }
}
