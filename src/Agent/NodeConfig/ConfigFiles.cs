using RpiAgent.Identity;

namespace RpiAgent.Agent.NodeConfig;

/// <summary>Writes files of the node: whole or not at all, owner and mode kept, the first and the last version before ours saved.</summary>
internal sealed class ConfigFiles(AgentOptions options)
{
    /// <summary>The real place of a path of the node; a link is followed, so that it stays a link.</summary>
    public string RealPath(string path) => RootedPath.Resolve(options.Root, path);

    public byte[]? Read(string path) => File.Exists(RealPath(path)) ? File.ReadAllBytes(RealPath(path)) : null;

    public void Write(string path, byte[] content)
    {
        Backup(path);
        string staged = Stage(path, content);
        AtomicFile.Rename(staged, RealPath(path));
    }

    /// <summary>Puts the content beside the file under a name that begins with a dot, on disk, with the file's owner and mode.</summary>
    public string Stage(string path, byte[] content)
    {
        string target = RealPath(path);
        string directory = Path.GetDirectoryName(target)!;
        Directory.CreateDirectory(directory);
        FileOwnership ownership = FileOwnership.Read(target) ?? FileOwnership.Default;
        string staged = StagedPath(path);
        File.Delete(staged);
        using (FileStream file = new(staged, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = AtomicFile.Private }))
        {
            file.Write(content);
            ownership.ApplyTo(staged);
            file.Flush(flushToDisk: true);
        }

        return staged;
    }

    public string StagedPath(string path)
    {
        string target = RealPath(path);
        return Path.Join(Path.GetDirectoryName(target), $".{Path.GetFileName(target)}.rpi-new");
    }

    /// <summary>Keeps what stood there before the agent came, and what stood there before its last write.</summary>
    private void Backup(string path)
    {
        if (Read(path) is not { } present)
        {
            return;
        }

        string name = path.Trim('/').Replace('/', '%');
        string directory = options.State("backups");
        Directory.CreateDirectory(directory, AtomicFile.PrivateDirectory);
        string original = Path.Join(directory, $"{name}.original");
        if (!File.Exists(original))
        {
            AtomicFile.Write(original, present, AtomicFile.Private);
        }

        AtomicFile.Write(Path.Join(directory, $"{name}.previous"), present, AtomicFile.Private);
    }
}
