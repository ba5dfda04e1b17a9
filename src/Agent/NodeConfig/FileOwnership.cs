using System.ComponentModel;
using System.Runtime.InteropServices;

namespace RpiAgent.Agent.NodeConfig;

/// <summary>Owner, mode and attributes of a file, which .NET shows only in part.</summary>
internal sealed partial record FileOwnership(uint User, uint Group, UnixFileMode Mode, bool IsImmutable)
{
    public static readonly FileOwnership Default = new(0, 0, Identity.AtomicFile.Public, IsImmutable: false);

    /// <summary>Folders whose files hold secrets; NetworkManager takes no profile that others may read.</summary>
    private static readonly string[] PrivateFolders = [$"{Profiles.OwnProfile.Folder}/", "/etc/wpa_supplicant/", $"{DockerOptions.EngineTls.Folder}/"];

    private const int CurrentDirectory = -100; // AT_FDCWD
    private const uint BasicStats = 0x7ff; // STATX_BASIC_STATS
    private const ulong Immutable = 0x10; // STATX_ATTR_IMMUTABLE

    /// <summary>Of a file of the node that is not there yet.</summary>
    public static FileOwnership DefaultOf(string path) =>
        PrivateFolders.Any(folder => path.StartsWith(folder, StringComparison.Ordinal)) ? Default with { Mode = Identity.AtomicFile.Private } : Default;

    /// <summary>False for folders, pipes, sockets and devices.</summary>
    public bool IsPlainFile { get; private init; }

    /// <returns>Null when there is no such file.</returns>
    public static FileOwnership? Read(string path)
    {
        if (Statx(CurrentDirectory, path, 0, BasicStats, out StatxBuffer stat) != 0)
        {
            const int noEntry = 2, notDirectory = 20;
            int error = Marshal.GetLastPInvokeError();
            return error is noEntry or notDirectory ? null : throw new IOException($"cannot look at {path}", new Win32Exception(error));
        }

        const int type = 0xf000, plain = 0x8000; // S_IFMT, S_IFREG
        return new FileOwnership(stat.User, stat.Group, (UnixFileMode)(stat.Mode & 0xfff), (stat.Attributes & Immutable) != 0) { IsPlainFile = (stat.Mode & type) == plain };
    }

    /// <exception cref="IOException">Not allowed.</exception>
    public void ApplyTo(string path)
    {
        File.SetUnixFileMode(path, Mode);
        FileOwnership? present = Read(path);
        if ((present?.User != User || present.Group != Group) && ChangeOwner(path, User, Group) != 0)
        {
            throw new IOException($"cannot give {path} to {User}:{Group}", new Win32Exception(Marshal.GetLastPInvokeError()));
        }
    }

    /// <summary>Whether nothing can be written in a directory because its file system is mounted so.</summary>
    public static bool IsOnReadOnlyFileSystem(string directory)
    {
        const int write = 2, readOnlyFileSystem = 30; // W_OK, EROFS
        return Access(directory, write) != 0 && Marshal.GetLastPInvokeError() == readOnlyFileSystem;
    }

    [LibraryImport("libc", EntryPoint = "access", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Access(string path, int mode);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Statx(int directory, string path, int flags, uint mask, out StatxBuffer buffer);

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int ChangeOwner(string path, uint user, uint group);

    /// <summary>struct statx of the kernel: the same on every architecture.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct StatxBuffer
    {
        [FieldOffset(8)]
        public ulong Attributes;
        [FieldOffset(20)]
        public uint User;
        [FieldOffset(24)]
        public uint Group;
        [FieldOffset(28)]
        public ushort Mode;
    }
}
