using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace RpiAgent.Tests.Integration.PowerCuts;

internal static class Permissions
{
    public const int Directory = 0x1ED; // 0755
    public const int File = 0x1A4; // 0644
}

internal sealed record DiskEntry(bool IsDirectory, byte[] Content, int Mode);

/// <summary>A folder with all that is in it, as a value.</summary>
/// <param name="Entries">By path from the root, which is not in it.</param>
internal sealed record DiskTree(ImmutableSortedDictionary<string, DiskEntry> Entries)
{
    public static DiskTree Of(IEnumerable<KeyValuePair<string, string>> files)
    {
        ImmutableSortedDictionary<string, DiskEntry>.Builder entries = ImmutableSortedDictionary.CreateBuilder<string, DiskEntry>(StringComparer.Ordinal);
        foreach ((string path, string content) in files)
        {
            for (string? folder = Path.GetDirectoryName(path); folder is { Length: > 1 }; folder = Path.GetDirectoryName(folder))
            {
                entries[folder] = new DiskEntry(true, [], Permissions.Directory);
            }

            entries.Add(path, new DiskEntry(false, Encoding.Latin1.GetBytes(content), path.EndsWith(".sh", StringComparison.Ordinal) ? Permissions.Directory : Permissions.File));
        }

        return new DiskTree(entries.ToImmutable());
    }

    public static DiskTree Read(string folder) =>
        new(Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories).ToImmutableSortedDictionary(
            path => path[folder.Length..],
            path => new DiskEntry(Directory.Exists(path), Directory.Exists(path) ? [] : File.ReadAllBytes(path), (int)File.GetUnixFileMode(path)),
            StringComparer.Ordinal));

    /// <summary>Stands for the whole tree.</summary>
    public string Digest()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((string path, DiskEntry entry) in Entries)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{path} {entry.IsDirectory} {entry.Mode} {entry.Content.Length}\n"));
            hash.AppendData(entry.Content);
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }

    public DiskTree Without(string folder) =>
        new(Entries.RemoveRange(Entries.Keys.Where(path => path == folder || path.StartsWith(folder + "/", StringComparison.Ordinal))));

    /// <summary>Writes the tree into an empty folder. What names the old folder names the new one, which is as long.</summary>
    public void WriteTo(string folder, string oldFolder)
    {
        byte[] from = Encoding.UTF8.GetBytes(oldFolder), to = Encoding.UTF8.GetBytes(folder);
        foreach ((string path, DiskEntry entry) in Entries)
        {
            if (entry.IsDirectory)
            {
                Directory.CreateDirectory(folder + path);
                continue;
            }

            byte[] content = [.. entry.Content];
            for (int at = content.AsSpan().IndexOf(from); at >= 0; at = content.AsSpan().IndexOf(from))
            {
                to.CopyTo(content, at);
                if (oldFolder == folder)
                {
                    break;
                }
            }

            File.WriteAllBytes(folder + path, content);
            File.SetUnixFileMode(folder + path, (UnixFileMode)entry.Mode);
        }
    }

    /// <summary>For a person: every file but those that never change.</summary>
    public override string ToString() =>
        string.Concat(Entries.Where(pair => !pair.Value.IsDirectory && pair.Value.Content.Length < 3000)
            .Select(pair => $"== {pair.Key}\n{Encoding.Latin1.GetString(pair.Value.Content)}\n"));
}
