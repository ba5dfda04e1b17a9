using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

namespace RpiAgent.Identity;

/// <summary>Files that are whole or absent, also after a power cut: temporary file, fsync, rename, fsync of the directory.</summary>
public static partial class AtomicFile
{
    public const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    public const UnixFileMode Public = Private | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    public const UnixFileMode PrivateDirectory = Private | UnixFileMode.UserExecute;

    /// <summary>Replaces the file's content. The temporary name is fixed and begins with a dot, so a cut leaves at most one behind.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        string directory = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
        string temporary = Path.Join(directory, $".{Path.GetFileName(path)}.new");
        File.Delete(temporary);
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode };
        try
        {
            using (FileStream file = new(temporary, options))
            {
                File.SetUnixFileMode(file.SafeFileHandle, mode); // whatever the umask says
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (IOException)
        {
            File.Delete(temporary); // it may hold a secret
            throw;
        }

        SyncDirectory(directory);
    }

    public static void Write(string path, string content, UnixFileMode mode) => Write(path, Encoding.UTF8.GetBytes(content), mode);

    /// <summary>Takes away the temporary files of writes that were cut. Only while nothing is being written there.</summary>
    public static void Sweep(string directory)
    {
        foreach (string temporary in Directory.Exists(directory) ? Directory.GetFiles(directory, ".*.new") : [])
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Makes the directory, and those above it that are missing, so that they last: a file in a directory that is lost is lost, too.</summary>
    public static void EnsureDirectory(string directory, UnixFileMode mode)
    {
        if (Directory.Exists(directory))
        {
            return;
        }

        string parent = Path.GetDirectoryName(Path.GetFullPath(directory)) ?? "/";
        EnsureDirectory(parent, mode);
        Directory.CreateDirectory(directory, mode);
        File.SetUnixFileMode(directory, mode); // whatever the umask says
        SyncDirectory(parent);
    }

    /// <summary>Renames within a directory and makes it last.</summary>
    public static void Rename(string from, string to)
    {
        File.Move(from, to, overwrite: true);
        SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(to)) ?? "/");
    }

    /// <summary>Makes created, renamed and deleted names in the directory last.</summary>
    public static void SyncDirectory(string directory)
    {
        const int readOnlyDirectory = 0x80000; // O_RDONLY | O_CLOEXEC
        int descriptor = Open(directory, readOnlyDirectory);
        if (descriptor < 0)
        {
            throw new IOException($"cannot open {directory} to sync it", new Win32Exception(Marshal.GetLastPInvokeError()));
        }

        try
        {
            if (Sync(descriptor) != 0)
            {
                throw new IOException($"cannot sync {directory}", new Win32Exception(Marshal.GetLastPInvokeError()));
            }
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int descriptor);
}
