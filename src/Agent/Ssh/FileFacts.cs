using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace RpiAgent.Agent.Ssh;

/// <summary>What statx(2) says of an open file or folder.</summary>
/// <param name="Mode">Permission bits.</param>
/// <param name="Changed">Seconds and nanoseconds of the last change of its content or inode.</param>
internal sealed partial record FileFacts(uint User, int Mode, bool IsPlainFile, ulong Inode, ulong Size, (long, uint) Changed)
{
    private const int EmptyPath = 0x1000, NoFollow = 0x100; // AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW
    private const uint BasicStats = 0x7ff;

    [LibraryImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial uint EffectiveUser();

    /// <summary>Group or others may write.</summary>
    public bool IsOpenToOthers => (Mode & 0x12) != 0;

    /// <summary>Only the user of this process or root could have put it there: sshd's StrictModes.</summary>
    public bool IsTrusted => !IsOpenToOthers && (User == 0 || User == EffectiveUser());

    public static FileFacts Of(SafeFileHandle handle) =>
        Read((int)handle.DangerousGetHandle(), "", EmptyPath) ?? throw new IOException("cannot look at an open file", new Win32Exception(Marshal.GetLastPInvokeError()));

    /// <summary>Null when there is no such name in the folder.</summary>
    public static FileFacts? At(int folder, string name) => Read(folder, name, NoFollow);

    private static FileFacts? Read(int folder, string name, int flags)
    {
        const int type = 0xf000, plain = 0x8000; // S_IFMT, S_IFREG
        return Statx(folder, name, flags, BasicStats, out StatxBuffer stat) != 0 ? null
            : new FileFacts(stat.User, stat.Mode & 0xfff, (stat.Mode & type) == plain, stat.Inode, stat.Size, (stat.ChangedSeconds, stat.ChangedNanoseconds));
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Statx(int directory, string path, int flags, uint mask, out StatxBuffer buffer);

    /// <summary>struct statx of the kernel: the same on every architecture.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct StatxBuffer
    {
        [FieldOffset(20)]
        public uint User;
        [FieldOffset(28)]
        public ushort Mode;
        [FieldOffset(32)]
        public ulong Inode;
        [FieldOffset(40)]
        public ulong Size;
        [FieldOffset(96)]
        public long ChangedSeconds;
        [FieldOffset(104)]
        public uint ChangedNanoseconds;
    }
}
