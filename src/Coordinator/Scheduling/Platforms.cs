namespace RpiAgent.Coordinator.Scheduling;

/// <summary>Which images an engine can run. Names of <c>uname -m</c>, Docker and Debian are understood.</summary>
internal static class Platforms
{
    /// <summary>os/architecture in Docker's words.</summary>
    public static string Of(string os, string architecture) => $"{(os.Length == 0 ? "linux" : os)}/{Architecture(architecture)}";

    /// <summary>True when the engine's architecture or the image's platforms are unknown, or one of them is the engine's own or an older Arm.</summary>
    public static bool Runs(string os, string architecture, IReadOnlyCollection<string> platforms) =>
        architecture.Length == 0 || platforms.Count == 0 || Covers(Of(os, architecture), platforms);

    /// <summary>What runs on <paramref name="engine"/> (os/architecture) is among the platforms.</summary>
    public static bool Covers(string engine, IReadOnlyCollection<string> platforms)
    {
        (string os, string architecture, int variant) = Split(engine);
        return platforms.Select(Split).Any(image =>
            image.Os == os && image.Architecture == architecture && (architecture != "arm" || image.Variant <= variant));
    }

    public static string Architecture(string name) => name switch
    {
        "x86_64" or "amd64" => "amd64",
        "aarch64" or "arm64" or "arm64v8" or "armv8" => "arm64",
        "armv8l" => "arm/v8",
        "armv7l" or "armv7" or "armhf" or "arm32v7" or "arm" => "arm/v7",
        "armv6l" or "armv6" or "arm32v6" => "arm/v6",
        "armv5" or "armel" or "arm32v5" => "arm/v5",
        "i386" or "i686" or "386" => "386",
        _ => name,
    };

    private static (string Os, string Architecture, int Variant) Split(string platform)
    {
        string[] parts = platform.Split('/');
        string os = parts.Length > 1 ? parts[0] : "linux";
        string[] architecture = Architecture(parts.Length > 1 ? parts[1] : parts[0]).Split('/');
        string variant = parts.Length > 2 ? parts[2] : architecture.Length > 1 ? architecture[1] : "";
        return (os, architecture[0], variant is ['v', >= '0' and <= '9'] ? variant[1] - '0' : 0);
    }
}
