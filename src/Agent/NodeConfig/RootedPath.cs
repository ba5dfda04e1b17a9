namespace RpiAgent.Agent.NodeConfig;

/// <summary>Paths of a node whose file tree lies in a folder: absolute symbolic links stay inside that folder.</summary>
internal static class RootedPath
{
    private const int MaximumLinks = 40; // as the kernel's ELOOP

    /// <summary>The real place of a node's path, with every link followed; the file need not exist.</summary>
    public static string Resolve(string root, string path)
    {
        string rest = Path.GetFullPath(path, "/");
        string done = "/";
        int links = 0;
        while (rest.Trim('/') is { Length: > 0 } left)
        {
            int slash = left.IndexOf('/', StringComparison.Ordinal);
            string part = slash < 0 ? left : left[..slash];
            rest = slash < 0 ? "" : left[slash..];
            string next = Path.Join(done, part);
            string? target = links < MaximumLinks ? LinkTarget(Path.Join(root, next)) : null;
            if (target is null)
            {
                done = next;
                continue;
            }

            links++;
            rest = Path.GetFullPath(Path.Join(target.StartsWith('/') ? target : Path.Join(done, target), rest), "/");
            done = "/";
        }

        return root == "/" ? done : Path.Join(root, done);
    }

    /// <summary>Where a symbolic link points, as written, or null when it is none.</summary>
    public static string? LinkTarget(string realPath)
    {
        try
        {
            return new FileInfo(realPath).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
