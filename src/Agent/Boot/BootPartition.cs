namespace RpiAgent.Agent.Boot;

/// <summary>
/// Finds the card's boot partition as Raspberry Pi OS does: the first of /boot and /boot/firmware that is a mount point.
/// A plain folder /boot is never taken for it.
/// </summary>
internal static class BootPartition
{
    private static readonly string[] Candidates = ["/boot", "/boot/firmware"];

    /// <returns>Path of the boot file under the options' root, or null when there is no boot partition with one.</returns>
    public static string? FindBootFile(AgentOptions options)
    {
        string mounts = options.Under("/proc/self/mounts");
        if (!File.Exists(mounts))
        {
            return null;
        }

        HashSet<string> mountPoints = [.. File.ReadLines(mounts).Select(line => line.Split(' ')).Where(words => words.Length > 1).Select(words => words[1])];
        return Candidates
            .Where(mountPoints.Contains)
            .Select(point => options.Under($"{point}/{BootFile.FileName}"))
            .FirstOrDefault(File.Exists);
    }
}
