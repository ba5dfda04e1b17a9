using System.Text;
using RpiAgent.Identity;

namespace RpiAgent.Agent.Boot.Card;

/// <summary>Writes on the card's boot partition, which knows neither owners nor modes.</summary>
internal static class CardWriter
{
    public const string ErrorName = "rpi-agent.error.txt";

    /// <summary>The reason beside the file, for whoever puts the card into a PC; with the line ends of its Notepad. Null takes it away.</summary>
    public static void Tell(string folder, string? problem)
    {
        string path = Path.Join(folder, ErrorName);
        if (problem is null)
        {
            if (File.Exists(path))
            {
                File.Delete(path);
                AtomicFile.SyncDirectory(folder);
            }

            return;
        }

        byte[] text = Encoding.UTF8.GetBytes($"rpi-agent could not use the files on this card:\n\n{problem.ReplaceLineEndings("\n")}\n\nCorrect the file and put the card back, or save the file while the Pi runs.\n".ReplaceLineEndings("\r\n"));
        if (!File.Exists(path) || !File.ReadAllBytes(path).AsSpan().SequenceEqual(text))
        {
            AtomicFile.Write(path, text, ModeOf(folder));
        }
    }

    /// <summary>First over the secrets where they are on the medium, then the file without them.</summary>
    public static void Scrub(string folder, bool legacyToo)
    {
        foreach (CardFile file in BootPartition.Read(folder))
        {
            if (CardScrub.Plan(file, legacyToo) is not { } scrubbed)
            {
                continue;
            }

            using (FileStream stream = new(file.Path, FileMode.Open, FileAccess.Write))
            {
                stream.Write(scrubbed.Filler);
                stream.Flush(flushToDisk: true);
            }

            AtomicFile.Write(file.Path, scrubbed.Without, ModeOf(folder));
        }
    }

    /// <summary>FAT gives all files one mode and takes no other.</summary>
    private static UnixFileMode ModeOf(string folder) => File.GetUnixFileMode(BootPartition.Read(folder)[0].Path);
}
