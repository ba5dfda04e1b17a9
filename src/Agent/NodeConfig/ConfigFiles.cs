using RpiAgent.Identity;

namespace RpiAgent.Agent.NodeConfig;

/// <summary>Writes files of the node: whole or not at all, owner and mode kept, the first and the last version before ours saved.</summary>
internal sealed class ConfigFiles(AgentOptions options)
{
    /// <summary>Endings of the versions that wait beside a file, of a transaction.</summary>
    public const string New = "rpi-new";
    public const string Old = "rpi-old";

    /// <summary>Of a write at once; one that was cut is swept while a transaction, perhaps of another process, waits beside the same file.</summary>
    private const string AtOnce = "rpi-write";

    private const UnixFileMode PublicDirectory =
        AtomicFile.PrivateDirectory | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private string BackupFolder => options.State("backups");

    /// <summary>The real place of a path of the node; a link is followed, so that it stays a link.</summary>
    public string RealPath(string path) => RootedPath.Resolve(options.Root, path);

    public byte[]? Read(string path) => File.Exists(RealPath(path)) ? File.ReadAllBytes(RealPath(path)) : null;

    public void Write(string path, byte[] content)
    {
        Backup(path);
        string staged = Stage(path, content, AtOnce);
        AtomicFile.Rename(staged, RealPath(path));
    }

    /// <summary>No error when it is gone already.</summary>
    public void Delete(string path)
    {
        string target = RealPath(path);
        if (File.Exists(target))
        {
            File.Delete(target);
            AtomicFile.SyncDirectory(Path.GetDirectoryName(target)!);
        }
    }

    /// <summary>Puts the content beside the file under a name that begins with a dot, on disk, with the file's owner and mode.</summary>
    public string Stage(string path, byte[] content, string version)
    {
        string target = RealPath(path);
        AtomicFile.EnsureDirectory(Path.GetDirectoryName(target)!, PublicDirectory);
        FileOwnership ownership = FileOwnership.Read(target) ?? FileOwnership.DefaultOf(path);
        string staged = StagedPath(path, version);
        File.Delete(staged);
        using (FileStream file = new(staged, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = AtomicFile.Private }))
        {
            file.Write(content);
            ownership.ApplyTo(staged);
            file.Flush(flushToDisk: true);
        }

        return staged;
    }

    public string StagedPath(string path, string version) => Beside(RealPath(path), version);

    public static string Beside(string realPath, string version) => Path.Join(Path.GetDirectoryName(realPath), $".{Path.GetFileName(realPath)}.{version}");

    /// <summary>Takes away staged files of writes that were cut. Only while nothing is being written.</summary>
    public void Sweep()
    {
        AtomicFile.Sweep(BackupFolder);
        string[] names = Directory.Exists(BackupFolder) ? [.. Directory.GetFiles(BackupFolder).Select(path => Path.GetFileNameWithoutExtension(path)).Distinct(StringComparer.Ordinal)] : [];
        foreach (string name in names)
        {
            string staged = StagedPath("/" + name.Replace('%', '/'), AtOnce);
            if (File.Exists(staged))
            {
                File.Delete(staged);
                AtomicFile.SyncDirectory(Path.GetDirectoryName(staged)!);
            }
        }
    }

    /// <summary>Keeps what stood there before the agent came, and what stood there before its last write. Before the first write says which file may be staged.</summary>
    private void Backup(string path)
    {
        string name = path.Trim('/').Replace('/', '%');
        AtomicFile.EnsureDirectory(BackupFolder, AtomicFile.PrivateDirectory);
        string original = Path.Join(BackupFolder, $"{name}.original"), absent = Path.Join(BackupFolder, $"{name}.absent");
        byte[]? present = Read(path);
        if (!File.Exists(original) && !File.Exists(absent))
        {
            AtomicFile.Write(present is null ? absent : original, present ?? [], AtomicFile.Private);
        }

        if (present is not null)
        {
            AtomicFile.Write(Path.Join(BackupFolder, $"{name}.previous"), present, AtomicFile.Private);
        }
    }
}
