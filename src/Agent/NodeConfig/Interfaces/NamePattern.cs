namespace RpiAgent.Agent.NodeConfig.Interfaces;

/// <summary>A word of an <c>auto</c>, <c>allow-*</c>, <c>no-scripts</c> or <c>rename</c> line: <c>[VARIABLE]/VALUE[/[OPTIONS]][=LOGICAL]</c> or <c>NAME[=LOGICAL]</c>.</summary>
/// <param name="IsExact">False when perhaps only some of the matching interfaces are meant.</param>
internal sealed record NamePattern(string Physical, string? Logical, string? Glob, string Variable, bool IsExact)
{
    private static readonly string[] Openings = ["?(", "*(", "+(", "@(", "!("];

    public static NamePattern Parse(string word)
    {
        int equals = word.IndexOf('=', StringComparison.Ordinal);
        string physical = equals < 0 ? word : word[..equals];
        string? logical = equals < 0 ? null : word[(equals + 1)..];
        int slash = physical.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0)
        {
            return new NamePattern(physical, logical, null, "", IsExact: true);
        }

        string[] parts = physical[(slash + 1)..].Split('/', 2);
        return new NamePattern(physical, logical, parts[0], physical[..slash], (parts.Length == 1 || parts[1].Length == 0) && !IsExtended(parts[0]));
    }

    /// <param name="macAddress">Of the interface, lower case with colons, or null when not known.</param>
    public bool Matches(string interfaceName, string? macAddress) => (Glob, Variable) switch
    {
        (null, _) => Physical == interfaceName,
        (_, "") => IsExtended(Glob) || Interfaces.Glob.Matches(Glob, interfaceName),
        (_, "mac") => macAddress is not null && (IsExtended(Glob) || Interfaces.Glob.Matches(Glob.ToLowerInvariant(), macAddress)),
        _ => false,
    };

    /// <summary>ifupdown knows <c>+(eth)0</c> and the like; what they match is not worked out here, so that they may match anything.</summary>
    private static bool IsExtended(string glob) => Openings.Any(opening => glob.Contains(opening, StringComparison.Ordinal));
}
