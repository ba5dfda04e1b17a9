using System.Text.RegularExpressions;
using RpiAgent.Identity;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Cli;

/// <summary>The folder a boot file goes into.</summary>
internal sealed partial class CardTarget
{
    private const string FileName = "rpi-agent.yaml";
    private static readonly string[] Marks = ["config.txt", "cmdline.txt"];
    private readonly bool _force;

    private CardTarget(string folder, bool isPartition, bool force) => (Path, IsPartition, _force) = (System.IO.Path.Join(folder, FileName), isPartition, force);

    public string Path { get; }

    /// <summary>It looks like the boot partition of a Pi.</summary>
    public bool IsPartition { get; }

    /// <summary>A boot file is there already.</summary>
    public bool Exists => File.Exists(Path);

    /// <summary>A boot partition, or a folder that holds nothing else, to copy the file from.</summary>
    /// <exception cref="CliFailure">Neither.</exception>
    public static CardTarget Open(string folder, bool force)
    {
        if (!Directory.Exists(folder))
        {
            throw new CliFailure(ExitCodes.Usage, $"there is no folder {folder}; mount the card's boot partition first");
        }

        bool isPartition = Marks.Any(mark => File.Exists(System.IO.Path.Join(folder, mark)));
        bool isEmpty = Directory.EnumerateFileSystemEntries(folder).All(path => System.IO.Path.GetFileName(path) == FileName);
        return force || isPartition || isEmpty ? new CardTarget(folder, isPartition, force)
            : throw new CliFailure(ExitCodes.Refused, $"{folder} is not the boot partition of a Pi: it has neither {string.Join(" nor ", Marks)}, and it is not empty; --force writes there all the same");
    }

    /// <exception cref="CliFailure">There is a boot file that is not of the cluster with this CA, or that a person wrote.</exception>
    public void RefuseOther(string authorityDigest)
    {
        if (_force || !Exists)
        {
            return;
        }

        string present = File.ReadAllText(Path);
        string? digest = Digest().Match(present) is { Success: true } found ? found.Groups["digest"].Value : null;
        string? whose = digest is null ? "of nobody knows which cluster" : digest != authorityDigest ? "of another cluster"
            : !present.StartsWith(CardText.FirstLine, StringComparison.Ordinal) ? "not made by this command" : null;
        if (whose is not null)
        {
            throw new CliFailure(ExitCodes.Refused, $"{Path} is {whose}; --force replaces it");
        }
    }

    /// <summary>FAT knows one mode for all files and takes no other.</summary>
    public void Write(string text)
    {
        string folder = System.IO.Path.GetDirectoryName(Path)!;
        UnixFileMode mode = Marks.Append(FileName).Select(name => System.IO.Path.Join(folder, name)).FirstOrDefault(File.Exists) is { } known ? File.GetUnixFileMode(known) : AtomicFile.Private;
        AtomicFile.Write(Path, text, mode);
    }

    [GeneratedRegex("(?:ca_sha256: *|rpi1\\.)['\"]?(?<digest>[0-9a-f]{64})", RegexOptions.NonBacktracking)]
    private static partial Regex Digest();
}
