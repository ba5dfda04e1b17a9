using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;

namespace RpiAgent.Agent.NodeConfig.DockerOptions;

/// <summary>
/// Values of log options of the drivers that write files here. dockerd looks at their names when it starts and at their values only when a
/// container does, so with a wrong one it runs, and nothing in it (moby, daemon/logger/jsonfilelog and local). Pure.
/// </summary>
internal static partial class LogOptionRules
{
    /// <param name="all">With what the engine has already: the driver may be said elsewhere.</param>
    /// <returns>Null when containers can be started with them.</returns>
    public static Refusal? Refuse(ImmutableArray<EngineOption> ours, ImmutableArray<PresentOption> all)
    {
        string driver = all.FirstOrDefault(one => one.Option.Key == "log-driver")?.Option.Value ?? "json-file";
        if (driver is not ("json-file" or "local") || !ours.Any(option => option.Key is "log-opts" or "log-driver"))
        {
            return null;
        }

        Dictionary<string, string> values = all.Where(one => one.Option.Key == "log-opts" && one.At != PresentOption.DaemonPath).Select(one => one.Option.Value.Split('=', 2))
            .GroupBy(pair => pair[0], StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Last().ElementAtOrDefault(1) ?? "", StringComparer.Ordinal);
        return values.GetValueOrDefault("max-size") is { } size && !(Size().Match(size) is { Success: true } match && double.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture) > 0)
                ? Wrong($"max-size={size}", "a size such as 10m or 500k")
            : values.GetValueOrDefault("max-file") is { } files && !(int.TryParse(files, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count >= 1)
                ? Wrong($"max-file={files}", "a number of files from 1")
            : values.GetValueOrDefault("compress") is { } compress && compress is not ("true" or "false" or "1" or "0" or "t" or "f" or "T" or "F" or "True" or "False" or "TRUE" or "FALSE")
                ? Wrong($"compress={compress}", "true or false")
            : Compresses(driver, values) && (values.GetValueOrDefault("max-file", driver == "local" ? "5" : "1") == "1" || (driver == "json-file" && !values.ContainsKey("max-size")))
                ? Wrong("compress=true", driver == "local" ? "only with max-file of 2 or more (it is on unless compress=false)" : "only with a max-size, and max-file of 2 or more")
            : null;

        static Refusal Wrong(string option, string right) =>
            new(RefusalCodes.BadDockerOption, "docker.options", $"the log option {option} would keep every container from starting: it takes {right}");
    }

    private static bool Compresses(string driver, Dictionary<string, string> values) =>
        values.TryGetValue("compress", out string? said) ? said is not ("false" or "0" or "f" or "F" or "False" or "FALSE") : driver == "local";

    /// <summary>As units.FromHumanSize and units.RAMInBytes read it.</summary>
    [GeneratedRegex(@"^(?<number>[0-9]+(\.[0-9]+)?) ?[kmgtpKMGTP]?[iI]?[bB]?\z", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Size();
}
