using System.Text.Json;
using System.Text.Json.Serialization;
using RpiAgent.Agent.NodeConfig.DockerOptions;

namespace RpiAgent.Agent.NodeConfig.Transaction;

/// <summary>txn.json: one change of address is under way. One line, so that a shell script can read it.</summary>
/// <param name="BootId">The boot in which the link was touched; after another one a rollback needs no ifdown.</param>
/// <param name="DeadlineSeconds">From the start of the timer.</param>
internal sealed record TransactionMarker(
    string Id,
    [property: JsonPropertyName("iface")] string Interface,
    string Backend,
    string BootId,
    TransactionPhase Phase,
    [property: JsonPropertyName("deadline_s")] int DeadlineSeconds,
    string RequestedBy,
    string Reason)
{
    /// <summary>Stands for a marker that cannot be read. Without an id the script takes back whatever is under way.</summary>
    public static readonly TransactionMarker Damaged = new("", "", "", "", TransactionPhase.Prepared, 0, "", "a change whose marker cannot be read");

    /// <summary>Monotonic seconds of the boot in which the time limit began to run.</summary>
    [JsonPropertyName("started_s")]
    public double StartedSeconds { get; init; }

    /// <summary>Of what is to be written, so that it is known again; empty where that does not matter.</summary>
    public string Digest { get; init; } = "";

    /// <summary>What the engine had before the change of its options.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public EngineContents? Engine { get; init; }

    /// <summary>The wished IPv4 address, from which alone it may be confirmed; empty when DHCP gives one.</summary>
    public string Address { get; init; } = "";

    /// <summary>Of the radio that must be unblocked for it; empty for none.</summary>
    public string Country { get; init; } = "";

    /// <summary>Of a marker that cannot be read: ifupdown, which has no more to end than the files.</summary>
    [JsonIgnore]
    public NetworkBackend NetworkBackend => Enum.TryParse(Backend, ignoreCase: true, out NetworkBackend backend) ? backend : NetworkBackend.Ifupdown;

    public static string Word(NetworkBackend backend) => backend.ToString().ToLowerInvariant();
}

internal enum TransactionPhase
{
    Prepared,
    /// <summary>For the next boot, which puts it in place and tries it.</summary>
    Waiting,
    Applied,
    Confirmed,
    RollingBack,
    RolledBack,
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(PhaseConverter)])]
[JsonSerializable(typeof(TransactionMarker))]
internal sealed partial class TransactionJson : JsonSerializerContext;

internal sealed class PhaseConverter() : JsonStringEnumConverter<TransactionPhase>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);
