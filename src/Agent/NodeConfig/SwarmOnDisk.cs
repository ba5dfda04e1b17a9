using System.Net;
using System.Text.Json;

namespace RpiAgent.Agent.NodeConfig;

/// <summary>What the engine has written down of its swarm, for when it does not answer. One with its data elsewhere has nothing to show here.</summary>
internal static class SwarmOnDisk
{
    private const string StatePath = "/var/lib/docker/swarm/docker-state.json";

    /// <summary>The log of the swarm's decisions, which only a manager keeps.</summary>
    private const string LogPath = "/var/lib/docker/swarm/raft/wal-v3-encrypted";

    /// <returns>The address under which the swarm knows this manager; empty when it is none, or nobody knows.</returns>
    public static string ManagedAddress(AgentOptions options)
    {
        try
        {
            if (!Directory.Exists(options.Under(LogPath)) || !File.Exists(options.Under(StatePath)))
            {
                return "";
            }

            using JsonDocument state = JsonDocument.Parse(File.ReadAllText(options.Under(StatePath)));
            return state.RootElement.TryGetProperty("AdvertiseAddr", out JsonElement address) && IPEndPoint.TryParse(address.GetString() ?? "", out IPEndPoint? advertised) ? advertised.Address.ToString() : "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            return "";
        }
    }
}
