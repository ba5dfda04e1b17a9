using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RpiAgent.Identity;

namespace RpiAgent.Agent.NodeConfig.Transaction;

/// <summary>
/// What lies on disk of a change of address, so that it can be taken back after any power cut:
/// <c>net/txn/N.before</c> copies, <c>net/txn/manifest</c>, and last the marker <c>net/txn.json</c>. net-rollback.sh reads the same.
/// </summary>
internal sealed class TransactionFiles(AgentOptions options, ConfigFiles files)
{
    private readonly string _folder = options.State("net");

    private string MarkerPath => Path.Join(_folder, "txn.json");
    private string CopiesFolder => Path.Join(_folder, "txn");

    public TransactionMarker? ReadMarker() =>
        File.Exists(MarkerPath) ? JsonSerializer.Deserialize(File.ReadAllBytes(MarkerPath), TransactionJson.Default.TransactionMarker) : null;

    /// <summary>Stages the new files, copies the old ones and writes the marker. From its rename on, any boot rolls back.</summary>
    /// <param name="linkKind">How the interface is started; for the script.</param>
    public void Prepare(TransactionMarker marker, string linkKind, ImmutableSortedDictionary<string, byte[]> change)
    {
        Directory.CreateDirectory(_folder, AtomicFile.PrivateDirectory);
        if (Directory.Exists(CopiesFolder))
        {
            Directory.Delete(CopiesFolder, recursive: true); // of a change that was cut before its marker
        }

        Directory.CreateDirectory(CopiesFolder, AtomicFile.PrivateDirectory);
        StringBuilder manifest = new();
        int number = 0;
        foreach ((string path, byte[] content) in change)
        {
            number++;
            files.Stage(path, content);
            byte[]? before = files.Read(path);
            AtomicFile.Write(Path.Join(CopiesFolder, $"{number}.before"), before ?? [], AtomicFile.Private);
            manifest.AppendLine(CultureInfo.InvariantCulture, $"{number} {Describe(path, before is not null)} {Digest(before ?? [])} {Digest(content)} {files.RealPath(path)}");
        }

        AtomicFile.Write(Path.Join(CopiesFolder, "link"), linkKind + "\n", AtomicFile.Private);
        AtomicFile.Write(Path.Join(CopiesFolder, "manifest"), manifest.ToString(), AtomicFile.Private);
        AtomicFile.SyncDirectory(_folder);
        WriteMarker(marker);
    }

    /// <summary>The staged files take their places.</summary>
    public void Swap(IEnumerable<string> paths)
    {
        foreach (string path in paths)
        {
            AtomicFile.Rename(files.StagedPath(path), files.RealPath(path));
        }
    }

    public void WriteMarker(TransactionMarker marker) =>
        AtomicFile.Write(MarkerPath, JsonSerializer.SerializeToUtf8Bytes(marker, TransactionJson.Default.TransactionMarker), AtomicFile.Private);

    /// <summary>Copies first, the marker last.</summary>
    public void CleanUp()
    {
        if (Directory.Exists(CopiesFolder))
        {
            Directory.Delete(CopiesFolder, recursive: true);
        }

        File.Delete(MarkerPath);
        AtomicFile.SyncDirectory(_folder);
    }

    /// <summary>Why the last change was taken back, as the script wrote it down.</summary>
    public string? ReadFailure()
    {
        string path = Path.Join(_folder, "last-failed", "reason");
        return File.Exists(path) ? File.ReadAllText(path).Trim() : null;
    }

    /// <summary>Takes away what a change left that was cut before its marker.</summary>
    public void Sweep(IEnumerable<string> paths)
    {
        foreach (string path in paths)
        {
            File.Delete(files.StagedPath(path));
        }
    }

    /// <summary>While held, no rollback starts; null when one runs. The script takes the same lock with flock(1).</summary>
    public FileStream? TryLock()
    {
        Directory.CreateDirectory(options.Under(options.RunDirectory));
        try
        {
            return new FileStream(Path.Join(options.Under(options.RunDirectory), "net.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private string Describe(string path, bool existed)
    {
        FileOwnership ownership = FileOwnership.Read(files.RealPath(path)) ?? FileOwnership.Default;
        return $"{Convert.ToString((int)ownership.Mode, 8)} {ownership.User} {ownership.Group} {(existed ? 1 : 0)}";
    }

    private static string Digest(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));
}
