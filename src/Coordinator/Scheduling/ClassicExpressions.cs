using System.Collections.Immutable;
using System.Text.Json;

namespace RpiAgent.Coordinator.Scheduling;

/// <summary>Scheduling expressions as classic Swarm took them from a container's labels and environment.</summary>
internal sealed record ClassicExpressions
{
    public const string LabelPrefix = "com.docker.swarm.";

    public ImmutableArray<string> Constraints { get; init; } = [];
    public ImmutableArray<string> Affinities { get; init; } = [];
    public ImmutableArray<string> Whitelists { get; init; } = [];
    /// <summary>Asked policies, as written; see <see cref="ReschedulePolicy"/>.</summary>
    public ImmutableArray<string> Reschedule { get; init; } = [];
    /// <summary>The environment without the entries that were expressions.</summary>
    public ImmutableArray<string> Environment { get; init; } = [];

    /// <summary>
    /// Labels <c>com.docker.swarm.constraints|affinities|whitelists|reschedule-policies</c> hold JSON lists; environment entries begin with
    /// <c>constraint:</c>, <c>affinity:</c>, <c>whitelist:</c> or <c>reschedule:</c>. Null with the problem when a list cannot be read.
    /// </summary>
    public static ClassicExpressions? Extract(IEnumerable<string> environment, IReadOnlyDictionary<string, string> labels, out string? problem)
    {
        Dictionary<string, List<string>> found = new(StringComparer.Ordinal) { ["constraint"] = [], ["affinity"] = [], ["whitelist"] = [], ["reschedule"] = [] };
        foreach ((string kind, List<string> list) in found)
        {
            string label = LabelPrefix + kind switch { "affinity" => "affinities", "reschedule" => "reschedule-policies", _ => $"{kind}s" };
            if (labels.TryGetValue(label, out string? json) && !TryReadList(json, list))
            {
                problem = $"label {label} is not a JSON list of strings: {json}";
                return null;
            }
        }
        ImmutableArray<string>.Builder rest = ImmutableArray.CreateBuilder<string>();
        foreach (string entry in environment)
        {
            int colon = entry.IndexOf(':', StringComparison.Ordinal);
            if (colon >= 0 && found.TryGetValue(entry[..colon], out List<string>? list))
            {
                list.Add(entry[(colon + 1)..]);
            }
            else
            {
                rest.Add(entry);
            }
        }
        problem = null;
        return new()
        {
            Constraints = [.. found["constraint"]],
            Affinities = [.. found["affinity"]],
            Whitelists = [.. found["whitelist"]],
            Reschedule = [.. found["reschedule"]],
            Environment = rest.ToImmutable(),
        };
    }

    private static bool TryReadList(string json, List<string> list)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Array)
            {
                return false;
            }
            foreach (JsonElement item in document.RootElement.EnumerateArray())
            {
                if (item.ValueKind != JsonValueKind.String)
                {
                    return false;
                }
                list.Add(item.GetString()!);
            }
            return true;
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}

/// <summary>What happens to a container when its node is lost.</summary>
internal static class ReschedulePolicy
{
    public const string OnNodeFailure = "on-node-failure";

    /// <summary>At most one of <c>off</c> and <c>on-node-failure</c>; null means fine, else the problem.</summary>
    public static string? Problem(ImmutableArray<string> asked) => asked switch
    {
        [] or ["off"] or [OnNodeFailure] => null,
        [var one] => $"invalid reschedule policy: {one}; off and {OnNodeFailure} exist",
        _ => "too many reschedule policies; one is allowed",
    };

    public static bool Moves(ImmutableArray<string> asked) => asked is [OnNodeFailure];
}
