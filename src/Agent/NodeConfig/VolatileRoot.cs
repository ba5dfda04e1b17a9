using System.Text;

namespace RpiAgent.Agent.NodeConfig;

/// <summary>Whether what is written here is gone after the next boot, or cannot be written at all.</summary>
internal static class VolatileRoot
{
    /// <summary>raspi-config's overlay, a root in memory that the kernel's command line asks for; or a root that is mounted read-only.</summary>
    public static bool IsHere(AgentOptions options) =>
        new[] { options.Under("/etc"), options.Under("/etc/network"), options.Under(options.StateDirectory) }.Any(FileOwnership.IsOnReadOnlyFileSystem)
        || IsOverlay(options);

    private static bool IsOverlay(AgentOptions options) =>
        Text(options, "/proc/cmdline").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Any(word => word is "boot=overlay" || word.StartsWith("overlayroot=tmpfs", StringComparison.Ordinal))
        && Text(options, "/proc/mounts").Split('\n').Any(line => line.Split(' ') is [_, "/", "overlay" or "overlayfs", ..]);

    /// <summary>Files of /proc have no length.</summary>
    private static string Text(AgentOptions options, string path)
    {
        string real = RootedPath.Resolve(options.Root, path);
        return File.Exists(real) ? File.ReadAllText(real, Encoding.Latin1) : "";
    }
}
