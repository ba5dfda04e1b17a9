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

    /// <returns>Folder of the boot partition under the options' root with a file for us, or null when there is none.</returns>
    public static string? FindFolder(AgentOptions options)
    {
        string mounts = options.Under("/proc/self/mounts");
        if (!File.Exists(mounts))
        {
            return null;
        }

        HashSet<string> mountPoints = [.. File.ReadLines(mounts).Select(line => line.Split(' ')).Where(words => words.Length > 1).Select(words => words[1])];
        return Candidates.Where(mountPoints.Contains).Select(options.Under).FirstOrDefault(folder => Files.Any(file => File.Exists(Path.Join(folder, file))));
    }

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
