using System.Globalization;
using System.Runtime.InteropServices;
using RpiAgent.Identity;

namespace RpiAgent.Agent.Enrolment;

/// <summary>Reads what the board is from the kernel's files.</summary>
internal sealed class BoardReader(AgentOptions options)
{
    private const string RootOption = "root=PARTUUID=";

    /// <summary>The first that is there; clone-guard.sh reads the same ones.</summary>
    private static readonly string[] CardNames = ["/sys/block/mmcblk0/device/cid", "/sys/block/nvme0n1/wwid", "/sys/block/sda/device/wwid"];

    /// <summary>Cheap enough for every call; nothing is cached.</summary>
    public Board Read()
    {
        string cpuinfo = Text("/proc/cpuinfo");
        string model = Plain(ReadOrEmpty(Path.Join(options.Under(options.DeviceTree), "model")));
        string serial = Plain(ReadOrEmpty(Path.Join(options.Under(options.DeviceTree), "serial-number")));
        return new Board
        {
            Serial = BoardPrint.Known(serial.Length > 0 ? serial : Field(cpuinfo, "Serial")), // zeros: one that was never written
            Mac = MacAddress(),
            MachineId = Plain(Text("/etc/machine-id")).ToLowerInvariant(),
            Model = model.Length > 0 ? model : Plain(Text("/sys/class/dmi/id/product_name")),
            Platform = model.StartsWith("Raspberry Pi", StringComparison.Ordinal) ? "raspberry-pi" : "generic",
            KernelArch = Plain(Text("/proc/sys/kernel/arch")) is { Length: > 0 } arch ? arch : KernelName(RuntimeInformation.OSArchitecture),
            UserlandArch = DebianName(RuntimeInformation.ProcessArchitecture),
            Cores = cpuinfo.Split('\n').Count(line => line.StartsWith("processor", StringComparison.Ordinal)) is > 0 and int cores
                ? cores : Environment.ProcessorCount,
            MemoryBytes = KilobytesToBytes(Field(Text("/proc/meminfo"), "MemTotal")),
            Os = Text("/etc/os-release").Split('\n').FirstOrDefault(line => line.StartsWith("PRETTY_NAME=", StringComparison.Ordinal)) is string os
                ? os["PRETTY_NAME=".Length..].Trim('"', ' ') : "",
            CardId = CardNames.Select(path => Plain(Text(path))).FirstOrDefault(name => name.Length > 0) ?? "",
            DiskId = Text("/proc/cmdline").Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).LastOrDefault(word => word.StartsWith(RootOption, StringComparison.Ordinal)) is { } root
                ? root[RootOption.Length..].ToLowerInvariant() : "",
            PageSize = Environment.SystemPageSize,
        };
    }

    /// <summary>Of the first wired interface by name, one at USB after the others, else the first wireless one: the board's own, whatever carries the traffic now.</summary>
    private string MacAddress()
    {
        string folder = options.Under("/sys/class/net");
        if (!Directory.Exists(folder))
        {
            return "";
        }

        return Directory.EnumerateFileSystemEntries(folder)
            .Select(path => Path.GetFileName(path))
            .Where(name => Rank(name) < 3)
            .OrderBy(Rank).ThenBy(name => name, StringComparer.Ordinal)
            .Select(name => Plain(ReadOrEmpty(Path.Join(folder, name, "address"))).ToLowerInvariant())
            .FirstOrDefault(mac => mac.Length == 17 && mac != "00:00:00:00:00:00") ?? "";
    }

    private static int Rank(string name) =>
        name.StartsWith("enx", StringComparison.Ordinal) ? 1
        : name.StartsWith("eth", StringComparison.Ordinal) || name.StartsWith("en", StringComparison.Ordinal) ? 0
        : name.StartsWith("wl", StringComparison.Ordinal) ? 2
        : 3;

    /// <summary>"Serial\t\t: 100000001234abcd".</summary>
    private static string Field(string text, string name) =>
        text.Split('\n').FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal) && line.Contains(':', StringComparison.Ordinal)) is string line
            ? Plain(line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..])
            : "";

    private static long KilobytesToBytes(string text) =>
        long.TryParse(text.Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out long kilobytes) ? kilobytes * 1024 : 0;

    private static string KernelName(Architecture architecture) => architecture switch
    {
        Architecture.X64 => "x86_64",
        Architecture.Arm64 => "aarch64",
        Architecture.Arm => "armv7l",
        Architecture other => other.ToString().ToLowerInvariant(),
    };

    private static string DebianName(Architecture architecture) => architecture switch
    {
        Architecture.X64 => "amd64",
        Architecture.Arm => "armhf",
        Architecture other => other.ToString().ToLowerInvariant(),
    };

    private string Text(string path) => ReadOrEmpty(options.Under(path));

    /// <summary>The device tree ends its texts with NUL.</summary>
    private static string Plain(string text) => text.Trim('\0', ' ', '\t', '\r', '\n');

    private static string ReadOrEmpty(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception absent) when (absent is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
