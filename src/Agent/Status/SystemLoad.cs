using System.Globalization;

namespace RpiAgent.Agent.Status;

/// <summary>How busy the board is, from proc(5).</summary>
internal readonly record struct SystemLoad(ulong MemoryAvailableBytes, double Load1)
{
    /// <summary>Zeros where a file cannot be read.</summary>
    /// <param name="proc">/proc, or a folder like it.</param>
    public static SystemLoad Read(string proc)
    {
        try
        {
            return new SystemLoad(ParseAvailable(File.ReadLines(Path.Join(proc, "meminfo"))), ParseLoad(File.ReadAllText(Path.Join(proc, "loadavg"))));
        }
        catch (IOException)
        {
            return default;
        }
    }

    internal static ulong ParseAvailable(IEnumerable<string> meminfo) =>
        meminfo.Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words is ["MemAvailable:", _, ..])
            .Select(words => ulong.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out ulong kibibytes) ? kibibytes * 1024 : 0)
            .FirstOrDefault();

    internal static double ParseLoad(string loadavg) =>
        double.TryParse(loadavg.Split(' ')[0], NumberStyles.Float, CultureInfo.InvariantCulture, out double load) ? load : 0;
}
