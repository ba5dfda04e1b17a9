using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace RpiAgent.Agent.Ssh;

/// <summary>
/// An open folder, and what is in it: nothing is reached through a symbolic link (openat(2), O_NOFOLLOW), and a name that is
/// exchanged meanwhile leads nowhere else.
/// </summary>
internal sealed partial class Folder : IDisposable
{
    private const int CloseOnExec = 0x80000, NonBlocking = 0x800, WriteOnly = 1, Create = 0x40, Exclusive = 0x80;
    private const int NoEntry = 2, Exists = 17, NotDirectory = 20, Loop = 40;

    /// <summary>Below this a file is one somebody keeps keys in.</summary>
    private const int LargestFile = 1024 * 1024;

    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture is Architecture.Arm or Architecture.Arm64;
    private static readonly int NoFollow = IsArm ? 0x8000 : 0x20000;
    private static readonly int DirectoryOnly = IsArm ? 0x4000 : 0x10000;

    private readonly SafeFileHandle _handle;
    private readonly string _path;

    private Folder(SafeFileHandle handle, string path) => (_handle, _path) = (handle, path);

    public FileFacts Facts => FileFacts.Of(_handle);

    /// <exception cref="IOException">Not a folder, or not allowed.</exception>
    public static Folder Open(string path) =>
        new(Check(OpenAt(-100, path, DirectoryOnly | CloseOnExec, 0), path), path);

    /// <summary>A folder in this one; null when it is not there.</summary>
    public Folder? Find(string name)
    {
        int descriptor = OpenAt(Descriptor, name, DirectoryOnly | NoFollow | CloseOnExec, 0);
        return descriptor < 0 && Marshal.GetLastPInvokeError() == NoEntry ? null : new Folder(Check(descriptor, PathOf(name)), PathOf(name));
    }

    /// <summary>Makes the folder, mode 0700, so that it lasts.</summary>
    public Folder Make(string name)
    {
        if (MakeAt(Descriptor, name, 0x1c0) != 0 && Marshal.GetLastPInvokeError() != Exists)
        {
            throw Fault("make", PathOf(name));
        }

        SyncSelf();
        return Find(name) ?? throw new IOException($"{PathOf(name)} is gone again");
    }

    public void SetMode(int mode)
    {
        if (ChangeMode(Descriptor, (uint)mode) != 0)
        {
            throw Fault("change the mode of", _path);
        }
    }

    /// <summary>A plain file's content and facts; null when it is not there.</summary>
    public (byte[] Content, FileFacts Facts)? Read(string name)
    {
        int descriptor = OpenAt(Descriptor, name, NoFollow | CloseOnExec | NonBlocking, 0);
        if (descriptor < 0 && Marshal.GetLastPInvokeError() == NoEntry)
        {
            return null;
        }

        using SafeFileHandle handle = Check(descriptor, PathOf(name));
        FileFacts facts = FileFacts.Of(handle);
        if (!facts.IsPlainFile || facts.Size > LargestFile)
        {
            throw new IOException($"{PathOf(name)} is {(facts.IsPlainFile ? "larger than 1 MiB" : "no plain file")}");
        }

        using FileStream file = new(handle, FileAccess.Read, bufferSize: 0);
        using MemoryStream content = new();
        file.CopyTo(content);
        return (content.ToArray(), facts);
    }

    /// <summary>Whole or not at all, also after a power cut: new file, fsync, rename, fsync of the folder.</summary>
    /// <param name="seen">The file as it was read; null when there was none.</param>
    /// <returns>False when somebody has changed it since.</returns>
    public bool Replace(string name, byte[] content, int mode, FileFacts? seen)
    {
        string temporary = $".{name}.rpi-agent";
        _ = UnlinkAt(Descriptor, temporary, 0);
        using (SafeFileHandle handle = Check(OpenAt(Descriptor, temporary, WriteOnly | Create | Exclusive | NoFollow | CloseOnExec, 0x180), PathOf(temporary)))
        {
            if (ChangeMode((int)handle.DangerousGetHandle(), (uint)mode) != 0)
            {
                throw Fault("change the mode of", PathOf(temporary));
            }

            using FileStream file = new(handle, FileAccess.Write, bufferSize: 0);
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        if (FileFacts.At(Descriptor, name) != seen)
        {
            _ = UnlinkAt(Descriptor, temporary, 0);
            return false;
        }

        if (RenameAt(Descriptor, temporary, Descriptor, name) != 0)
        {
            throw Fault("rename", PathOf(temporary));
        }

        SyncSelf();
        return true;
    }

    public void Dispose() => _handle.Dispose();

    private int Descriptor => (int)_handle.DangerousGetHandle();

    private string PathOf(string name) => Path.Join(_path, name);

    private void SyncSelf()
    {
        if (Sync(Descriptor) != 0)
        {
            throw Fault("sync", _path);
        }
    }

    private static SafeFileHandle Check(int descriptor, string path) => descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true)
        : throw (Marshal.GetLastPInvokeError() is Loop or NotDirectory
            ? new IOException($"{path} is a symbolic link, or no folder; sshd's files are not reached through links: put a plain one there")
            : Fault("open", path));

    private static IOException Fault(string what, string path) =>
        new Win32Exception(Marshal.GetLastPInvokeError()) is var cause ? new IOException($"cannot {what} {path}: {cause.Message}", cause) : throw cause;

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int OpenAt(int directory, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int MakeAt(int directory, string path, uint mode);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int UnlinkAt(int directory, string path, int flags);

    [LibraryImport("libc", EntryPoint = "renameat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int RenameAt(int fromDirectory, string from, int toDirectory, string to);

    [LibraryImport("libc", EntryPoint = "fchmod", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int ChangeMode(int descriptor, uint mode);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Sync(int descriptor);
}
