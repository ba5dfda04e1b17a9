using System.Globalization;

namespace RpiAgent.Coordinator.Scheduling;

/// <summary>Memory and cores for people.</summary>
internal static class Amounts
{
    private static readonly string[] s_units = ["B", "KiB", "MiB", "GiB", "TiB"];

    public static string Memory(long bytes)
    {
        double value = bytes;
        int unit = 0;
        for (; Math.Abs(value) >= 1024 && unit < s_units.Length - 1; unit++)
        {
            value /= 1024;
        }
        return string.Create(CultureInfo.InvariantCulture, $"{value:0.##} {s_units[unit]}");
    }

    public static string Cores(long milliCpus) => (milliCpus / 1000m).ToString("0.###", CultureInfo.InvariantCulture);
}
