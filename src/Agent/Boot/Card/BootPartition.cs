namespace RpiAgent.Agent.Boot.Card;

/// <summary>
/// Finds the card's boot partition as Raspberry Pi OS does: the first of /boot and /boot/firmware that is a mount point.
/// A plain folder /boot is never taken for it.
/// </summary>
internal static class BootPartition
{
    private static readonly string[] Candidates = ["/boot", "/boot/firmware"];

    /// <summary>The most important first.</summary>
    private static readonly string[] Files = [BootFile.FileName, DeviceInit.FileName, Occidentalis.FileName];

    /// <summary>What an editor that hides endings makes of our file's name.</summary>
    private static readonly string[] Slips = [$"{BootFile.FileName}.txt", "rpi-agent.yml", "rpi-agent.yml.txt"];

    /// <returns>Folder of the boot partition under the options' root with a file for us, or null when there is none.</returns>
    public static string? FindFolder(AgentOptions options)
    {
        string mounts = options.Under("/proc/self/mountinfo");
        if (!File.Exists(mounts))
        {
            return null;
        }

        string[] lines = File.ReadAllLines(mounts);
        return Candidates.Where(candidate => IsFileSystem(lines, candidate)).Select(options.Under)
            .FirstOrDefault(folder => Files.Concat(Slips).Any(file => File.Exists(Path.Join(folder, file))));
    }

    /// <summary>
    /// Whether a folder is a file system of its own. In the daemon's view each folder it may write is a mount point, by a mount of the
    /// same file system over itself (systemd.exec(5), ReadWritePaths=).
    /// </summary>
    /// <param name="mounts">Of /proc/self/mountinfo (proc_pid_mountinfo(5)).</param>
    internal static bool IsFileSystem(IReadOnlyList<string> mounts, string folder)
    {
        // id, parent, device, root, mount point; a later mount lies over an earlier one.
        ILookup<string, string> devices = mounts.Select(line => line.Split(' ')).Where(words => words.Length > 4).ToLookup(words => words[4], words => words[2]);
        string parent = folder;
        do
        {
            parent = Path.GetDirectoryName(parent)!;
        }
        while (parent != "/" && !devices.Contains(parent));
        return devices[folder].LastOrDefault() is { } device && device != devices[parent].LastOrDefault();
    }

    /// <summary>The file on the card that was meant to be ours, as somebody called it; null when there is none, or ours is there.</summary>
    public static string? FindSlip(string folder) =>
        Files.Any(file => File.Exists(Path.Join(folder, file))) ? null : Slips.FirstOrDefault(file => File.Exists(Path.Join(folder, file)));

    /// <summary>What the files of the card hold, the most important first.</summary>
    public static IReadOnlyList<CardFile> Read(string folder) =>
        [.. Files.Select(name => (Name: name, Path: Path.Join(folder, name))).Where(file => File.Exists(file.Path)).Select(file => new CardFile(file.Name, file.Path, ReadStart(file.Path)))];

    /// <summary>One byte more than is allowed tells that there is too much.</summary>
    private static byte[] ReadStart(string path)
    {
        using FileStream file = File.OpenRead(path);
        byte[] content = new byte[(64 * 1024) + 1];
        return content[..file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false)];
    }
}

internal sealed record CardFile(string Name, string Path, byte[] Content)
{
    /// <exception cref="BootFileException">It cannot be used.</exception>
    public CardDraft Parse() => Name switch
    {
        BootFile.FileName => BootFile.Parse(Content, Name),
        DeviceInit.FileName => DeviceInit.Parse(Content, Name),
        _ => Occidentalis.Parse(Content, Name),
    };
}
