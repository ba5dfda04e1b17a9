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
            // FAT gives all files one mode and takes no other.
            AtomicFile.Write(path, text, BootPartition.Read(folder) is [{ } other, ..] ? File.GetUnixFileMode(other.Path) : AtomicFile.Public);
        }
    }

    /// <summary>First over the secrets where they are on the medium, then the file without them.</summary>
    /// <exception cref="BootFileException">A file cannot be read as what it should be: there may be more in it.</exception>
    public static void Scrub(string folder, UsedCard used)
    {
        string? doubt = null;
        foreach (CardFile file in BootPartition.Read(folder))
        {
            ScrubbedFile scrubbed = CardScrub.Plan(file, used);
            doubt ??= scrubbed.Doubt;
            if (scrubbed.IsClean)
            {
                continue;
            }

            using (FileStream stream = new(file.Path, FileMode.Open, FileAccess.Write))
            {
                stream.Write(scrubbed.Filler);
                stream.Flush(flushToDisk: true);
            }

            AtomicFile.Write(file.Path, scrubbed.Without, File.GetUnixFileMode(file.Path));
        }

        if (doubt is not null)
        {
            throw new BootFileException(doubt);
        }
    }
}
