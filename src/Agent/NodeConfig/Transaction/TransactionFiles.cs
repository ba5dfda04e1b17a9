using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RpiAgent.Identity;

namespace RpiAgent.Agent.NodeConfig.Transaction;

/// <summary>
/// What lies on disk of a change of address, so that it can be taken back after any power cut: <c>net/txn/N.before</c> copies and
/// <c>net/txn/manifest</c>, then the new and the old version beside each file, and last the marker <c>net/txn.json</c>. net-rollback.sh
/// reads the same. Each part is on disk before the next one is begun, and goes in the opposite order. What a change that is kept has
/// replaced goes to <see cref="OriginalFiles"/>.
/// </summary>
/// <param name="area">Folder of the state directory: <c>net</c>, or <c>docker</c> for the engine's options.</param>
internal sealed class TransactionFiles(AgentOptions options, ConfigFiles files, string area = "net")
{
    public const string MarkerName = "txn.json";

    private const long MinimumFreeBytes = 1024 * 1024;
    private const string EndOfManifest = "end";

    private readonly string _folder = options.State(area);

    private string MarkerPath => Path.Join(_folder, MarkerName);
    private string CopiesFolder => Path.Join(_folder, "txn");
    private string ManifestPath => Path.Join(CopiesFolder, "manifest");
    private OriginalFiles Originals => new(_folder);
    private string FailedFolder => Path.Join(_folder, "last-failed");

    public TransactionMarker? ReadMarker() => ReadMarker(MarkerPath);

    /// <summary>The marker of the last change that was taken back, as the script kept it, and why.</summary>
    public (TransactionMarker Marker, string Reason)? ReadFailure()
    {
        string reason = Path.Join(FailedFolder, "reason");
        return ReadMarker(Path.Join(FailedFolder, MarkerName)) is { } marker
            ? (marker, File.Exists(reason) ? File.ReadAllText(reason).Trim() : "taken back")
            : null;
    }

    /// <summary>The files that failed stay, for a person to look at.</summary>
    public void ForgetFailure() => File.Delete(Path.Join(FailedFolder, MarkerName));

    /// <exception cref="RefusalException">E_READONLY_ROOT or E_NO_SPACE: the files, or the way back, cannot be written.</exception>
    public void RefuseUnwritable(IEnumerable<string> paths)
    {
        string[] targets = [.. paths.Select(files.RealPath)];
        string[] folders = [options.Under(options.StateDirectory), .. targets.Select(path => Path.GetDirectoryName(path)!)];
        if (targets.Concat(folders).FirstOrDefault(path => FileOwnership.Read(path) is { IsImmutable: true }) is { } immutable)
        {
            throw new RefusalException(new Refusal(RefusalCodes.ReadOnlyRoot, immutable, $"{immutable} is marked immutable; somebody wants it so. Remove the mark (chattr -i {immutable}) and try again"));
        }

        foreach (string folder in folders.Distinct(StringComparer.Ordinal).Where(Directory.Exists))
        {
            if (FileOwnership.IsOnReadOnlyFileSystem(folder))
            {
                throw new RefusalException(new Refusal(RefusalCodes.ReadOnlyRoot, folder, $"{folder} is on a file system that is mounted read-only; make it writable and try again"));
            }

            if (new DriveInfo(folder).AvailableFreeSpace < MinimumFreeBytes)
            {
                throw new RefusalException(new Refusal(RefusalCodes.NoSpace, folder, $"less than 1 MiB is free at {folder}, so the old configuration cannot be kept; make room first"));
            }
        }
    }

    /// <summary>Copies the old files, stages both versions and writes the marker. From its rename on, any boot rolls back.</summary>
    /// <param name="way">How the interface is started; for the script.</param>
    public void Prepare(TransactionMarker marker, string way, ImmutableSortedDictionary<string, byte[]> change)
    {
        AtomicFile.EnsureDirectory(_folder, AtomicFile.PrivateDirectory);
        Sweep();
        AtomicFile.EnsureDirectory(CopiesFolder, AtomicFile.PrivateDirectory);
        byte[]?[] before = [.. change.Keys.Select(files.Read)];
        StringBuilder manifest = new();
        foreach ((int number, (string path, byte[] content)) in change.Index())
        {
            byte[] old = before[number] ?? [];
            AtomicFile.Write(Path.Join(CopiesFolder, $"{number + 1}.before"), old, AtomicFile.Private);
            manifest.AppendLine(CultureInfo.InvariantCulture, $"{number + 1} {Describe(path, before[number] is not null)} {Digest(old)} {Digest(content)} {files.RealPath(path)}");
        }

        AtomicFile.Write(Path.Join(CopiesFolder, "link"), $"{way}\n", AtomicFile.Private);
        // The last line proves that the list is whole.
        manifest.AppendLine(CultureInfo.InvariantCulture, $"{EndOfManifest} {change.Count}");
        AtomicFile.Write(ManifestPath, manifest.ToString(), AtomicFile.Private);
        foreach ((int number, (string path, byte[] content)) in change.Index())
        {
            files.Stage(path, content, ConfigFiles.New);
            if (before[number] is { } old)
            {
                // So that the way back needs no room on a disk that has filled up meanwhile.
                files.Stage(path, old, ConfigFiles.Old);
            }

            AtomicFile.SyncDirectory(Path.GetDirectoryName(files.RealPath(path))!);
        }

        WriteMarker(marker);
    }

    /// <summary>The staged files take their places.</summary>
    public void Swap(IEnumerable<string> paths)
    {
        foreach (string path in paths)
        {
            AtomicFile.Rename(files.StagedPath(path, ConfigFiles.New), files.RealPath(path));
        }
    }

    /// <summary>Where the new version of a file waits, or null when it is no part of the change.</summary>
    public string? StagedOf(string path) => files.StagedPath(path, ConfigFiles.New) is var staged && File.Exists(staged) ? staged : null;

    public void WriteMarker(TransactionMarker marker) =>
        AtomicFile.Write(MarkerPath, JsonSerializer.SerializeToUtf8Bytes(marker, TransactionJson.Default.TransactionMarker), AtomicFile.Private);

    /// <summary>Takes away all that is not the configuration itself; the marker last.</summary>
    /// <param name="isKept">The change stays; what it replaced was the configuration of before the agent, as far as nothing kept earlier replaced it.</param>
    public void CleanUp(bool isKept = false)
    {
        if (!Directory.Exists(_folder))
        {
            return;
        }

        if (isKept)
        {
            DeleteStaged();
            Originals.Add(CopiesFolder);
        }

        Sweep();
        File.Delete(MarkerPath);
        AtomicFile.SyncDirectory(_folder);
    }

    /// <summary>Takes away what is left of a change without a marker: it was cut before its start, or at its very end.</summary>
    public void Sweep()
    {
        if (!Directory.Exists(_folder))
        {
            return;
        }

        DeleteStaged();
        if (Directory.Exists(CopiesFolder))
        {
            Directory.Delete(CopiesFolder, recursive: true);
        }

        AtomicFile.Sweep(_folder);
        Originals.Sweep();
    }

    private void DeleteStaged()
    {
        // The manifest is whole before the first file is staged, so without one there are no staged files.
        string[] staged = File.Exists(ManifestPath) ? [.. File.ReadLines(ManifestPath).Select(line => line.Split(' ', 8)).TakeWhile(words => words[0] != EndOfManifest).Select(words => words[^1])] : [];
        foreach (string path in staged)
        {
            // The folder too may be new, and lost with the power.
            string directory = Path.GetDirectoryName(path)!;
            if (Directory.Exists(directory))
            {
                File.Delete(ConfigFiles.Beside(path, ConfigFiles.New));
                File.Delete(ConfigFiles.Beside(path, ConfigFiles.Old));
                AtomicFile.SyncDirectory(directory);
            }
        }
    }

    /// <summary>Which change a person kept, on a file system that is gone after a reboot.</summary>
    public void NoteKept(string id) => File.WriteAllText(KeptPath, id);

    public bool IsKept(string id) => File.Exists(KeptPath) && File.ReadAllText(KeptPath) == id;

    private string KeptPath => Path.Join(options.Under(options.RunDirectory), $"{area}.kept");

    /// <summary>While held, no rollback starts; null when one runs. The script takes the same lock with flock(1).</summary>
    public FileStream? TryLock() => TryLock($"{area}.lock");

    /// <summary>Held by the process that makes a change, from its start to its end; null when another process makes one.</summary>
    public FileStream? TryOwn() => TryLock($"{area}.owner");

    private FileStream? TryLock(string name)
    {
        Directory.CreateDirectory(options.Under(options.RunDirectory));
        try
        {
            return new FileStream(Path.Join(options.Under(options.RunDirectory), name), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Null when there is none.</summary>
    public static TransactionMarker? ReadMarker(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), TransactionJson.Default.TransactionMarker) ?? TransactionMarker.Damaged;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException)
        {
            return TransactionMarker.Damaged;
        }
    }

    private string Describe(string path, bool existed)
    {
        FileOwnership ownership = FileOwnership.Read(files.RealPath(path)) ?? FileOwnership.Default;
        return $"{Convert.ToString((int)ownership.Mode, 8)} {ownership.User} {ownership.Group} {(existed ? 1 : 0)}";
    }

    private static string Digest(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));
}
