using System.Collections.Immutable;

namespace RpiAgent.Agent.NodeConfig;

/// <summary>Reads files by their absolute path on the node, from a folder or from memory.</summary>
/// <param name="Read">Content, or null when there is no readable file.</param>
/// <param name="List">Names in a directory, or null when it is none.</param>
/// <param name="LeadsNowhere">Whether it is a symbolic link to something that does not exist.</param>
internal sealed record FileView(Func<string, byte[]?> Read, Func<string, IReadOnlyList<string>?> List, Func<string, bool> LeadsNowhere)
{
    /// <summary>Larger files are none of those that a node is configured by.</summary>
    private const int MaximumBytes = 4 * 1024 * 1024;

    public static FileView OfDirectory(string root) =>
        new(path => ReadFile(RootedPath.Resolve(root, path)), path => ListDirectory(RootedPath.Resolve(root, path)), path => IsDangling(root, path));

    /// <summary>Whether the name is in its directory, whatever it stands for.</summary>
    public bool IsThere(string path) => List(Path.GetDirectoryName(path) ?? "/")?.Contains(Path.GetFileName(path)) == true;

    /// <summary>The same with other contents of some files.</summary>
    public FileView With(ImmutableSortedDictionary<string, byte[]> changed) =>
        this with
        {
            Read = path => changed.GetValueOrDefault(Path.GetFullPath(path)) ?? Read(path),
            List = directory => [.. (List(directory) ?? []).Union(OfMemory(changed).List(directory) ?? [], StringComparer.Ordinal)],
        };

    public static FileView OfMemory(ImmutableSortedDictionary<string, byte[]> files) =>
        new(path => files.GetValueOrDefault(Path.GetFullPath(path)), path => ListMemory(files, Path.GetFullPath(path)), _ => false);

    /// <summary>A circle of links leads to itself, which is there.</summary>
    private static bool IsDangling(string root, string path) =>
        RootedPath.LinkTarget(Path.Join(RootedPath.Resolve(root, Path.GetDirectoryName(path) ?? "/"), Path.GetFileName(path))) is not null
        && !Path.Exists(RootedPath.Resolve(root, path));

    private static byte[]? ReadFile(string path)
    {
        try
        {
            FileInfo info = new(path);
            if (!info.Exists || info.Length > MaximumBytes || FileOwnership.Read(path) is not { IsPlainFile: true })
            {
                return null;
            }

            // A pipe or a device has no length either, and opening it would block.
            using MemoryStream content = new();
            if (info.Length > 0)
            {
                // Files of sysfs say 4096 and hold less.
                using FileStream file = info.OpenRead();
                file.CopyTo(content);
            }

            return content.ToArray();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static List<string>? ListDirectory(string path)
    {
        try
        {
            return Directory.Exists(path) ? [.. Directory.EnumerateFileSystemEntries(path).Select(entry => Path.GetFileName(entry))] : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static List<string>? ListMemory(ImmutableSortedDictionary<string, byte[]> files, string directory)
    {
        string prefix = directory.EndsWith('/') ? directory : directory + "/";
        List<string> names = [.. files.Keys.Where(path => path.StartsWith(prefix, StringComparison.Ordinal))
            .Select(path => path[prefix.Length..].Split('/')[0]).Distinct(StringComparer.Ordinal)];
        return names.Count == 0 ? null : names;
    }
}
