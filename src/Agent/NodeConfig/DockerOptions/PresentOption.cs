using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace RpiAgent.Agent.NodeConfig.DockerOptions;

/// <summary>An option that the engine has already, and not from us.</summary>
/// <param name="At">Where it is said.</param>
internal sealed record PresentOption(string At, EngineOption Option)
{
    public const string DaemonPath = "/etc/docker/daemon.json";

    /// <summary>Of the unit with its drop-ins, of a person in DOCKER_OPTS, of daemon.json.</summary>
    /// <exception cref="RefusalException">A file that dockerd could not read either.</exception>
    public static ImmutableArray<PresentOption> Of(EngineSetup setup) => [.. OfUnit(setup), .. OfPerson(setup), .. OfFile(setup.Daemon)];

    private static IEnumerable<PresentOption> OfUnit(EngineSetup setup)
    {
        // What counts is the last ExecStart=, which may be somebody's drop-in.
        UnitStart start = setup.Starts is [.., var last] && last.Command != setup.UnitStart ? last : new UnitStart("docker.service", setup.UnitStart);
        string[] words = [.. start.Command.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Where(word => word is not "$DOCKER_OPTS")];
        return EngineOption.Of([.. words]).Select(option => new PresentOption(start.File, option));
    }

    private static IEnumerable<PresentOption> OfPerson(EngineSetup setup)
    {
        if (!setup.HonoursDefaults)
        {
            return [];
        }

        DockerDefaults defaults = DockerDefaults.Read(setup.Defaults);
        return EngineOption.Of(defaults.Foreign).Select(option => new PresentOption(defaults.At, option));
    }

    private static ImmutableArray<PresentOption> OfFile(byte[]? daemon)
    {
        // dockerd takes a byte order mark.
        ReadOnlyMemory<byte> text = daemon.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? daemon.AsMemory(Encoding.UTF8.Preamble.Length) : daemon;
        if (Encoding.UTF8.GetString(text.Span).Trim().Length == 0)
        {
            return [];
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return [.. document.RootElement.EnumerateObject().Select(property => new PresentOption(
                DaemonPath, new EngineOption(property.Name, property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString()! : property.Value.GetRawText(), [$"\"{property.Name}\": {property.Value.GetRawText()}"])))];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new RefusalException(new Refusal(RefusalCodes.Parse, DaemonPath, $"is not the JSON object dockerd expects ({e.Message}); mend it first"));
        }
    }
}
