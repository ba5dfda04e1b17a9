using System.Text.RegularExpressions;
using RpiAgent.Identity;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Cli;

/// <summary>The folder a boot file goes into.</summary>
internal sealed partial class CardTarget
{
    private static readonly string[] Marks = ["config.txt", "cmdline.txt"];
    private readonly bool _force;

    private CardTarget(string folder, bool force) => (Path, _force) = (System.IO.Path.Join(folder, "rpi-agent.yaml"), force);

    public string Path { get; }

    /// <summary>A boot file is there already.</summary>
    public bool Exists => File.Exists(Path);

    /// <exception cref="CliFailure">Not the boot partition of a Pi.</exception>
    public static CardTarget Open(string folder, bool force)
    {
        if (!Directory.Exists(folder))
        {
            throw new CliFailure(ExitCodes.Usage, $"there is no folder {folder}; mount the card's boot partition first");
        }

        return force || Marks.Any(mark => File.Exists(System.IO.Path.Join(folder, mark))) ? new CardTarget(folder, force)
            : throw new CliFailure(ExitCodes.Refused, $"{folder} is not the boot partition of a Pi: it has neither {string.Join(" nor ", Marks)}; --force writes there all the same");
    }

    /// <exception cref="CliFailure">There is a boot file that is not of the cluster with this CA.</exception>
    public void RefuseOther(string authorityDigest)
    {
        if (_force || !Exists)
        {
            return;
        }

        string? digest = Digest().Match(File.ReadAllText(Path)) is { Success: true } found ? found.Groups["digest"].Value : null;
        if (digest != authorityDigest)
        {
            throw new CliFailure(ExitCodes.Refused, $"{Path} is {(digest is null ? "of nobody knows which" : "of another")} cluster; --force replaces it");
        }
    }

    /// <summary>FAT knows one mode for all files and takes no other.</summary>
    public void Write(string text)
    {
        string folder = System.IO.Path.GetDirectoryName(Path)!;
        UnixFileMode mode = Marks.Append("rpi-agent.yaml").Select(name => System.IO.Path.Join(folder, name)).FirstOrDefault(File.Exists) is { } known ? File.GetUnixFileMode(known) : AtomicFile.Private;
        AtomicFile.Write(Path, text, mode);
    }

    [GeneratedRegex("(?:ca_sha256: *|rpi1\\.)['\"]?(?<digest>[0-9a-f]{64})", RegexOptions.NonBacktracking)]
    private static partial Regex Digest();
}
