using System.Globalization;
using System.Text.RegularExpressions;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>The small value formats of Compose files. Null = not of that format.</summary>
internal static partial class ComposeValues
{
    /// <summary>Go's duration syntax: <c>1h30m</c>, <c>2.5s</c>, <c>100ms</c>, <c>0</c>. At most 100 days.</summary>
    public static TimeSpan? Duration(string text)
    {
        if (text == "0")
        {
            return TimeSpan.Zero;
        }

        Match match = DurationSyntax().Match(text);
        if (!match.Success || match.Groups["n"].Captures.Count == 0)
        {
            return null;
        }

        double milliseconds = 0;
        for (int i = 0; i < match.Groups["n"].Captures.Count; i++)
        {
            double number = double.Parse(match.Groups["n"].Captures[i].Value, CultureInfo.InvariantCulture);
            milliseconds += number * match.Groups["u"].Captures[i].Value switch
            {
                "h" => 3_600_000,
                "m" => 60_000,
                "s" => 1_000,
                "ms" => 1,
                "us" or "µs" => 0.001,
                _ => 0.000_001,
            };
        }

        return milliseconds <= TimeSpan.FromDays(100).TotalMilliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null;
    }

    /// <summary>Docker's sizes, in powers of 1024: <c>512m</c>, <c>1.5g</c>, <c>64kb</c>, <c>1GiB</c>, plain bytes. From 0 to 1 PiB.</summary>
    public static long? Bytes(string text)
    {
        Match match = SizeSyntax().Match(text);
        if (!match.Success || !double.TryParse(match.Groups["n"].Value, CultureInfo.InvariantCulture, out double number))
        {
            return null;
        }

        double bytes = number * match.Groups["u"].Value.ToUpperInvariant() switch
        {
            "" => 1L,
            "K" => 1L << 10,
            "M" => 1L << 20,
            "G" => 1L << 30,
            _ => 1L << 40,
        };
        return bytes <= 1L << 50 ? (long)bytes : null;
    }

    /// <summary>A decimal number of CPUs up to 1000, in thousandths, rounded up.</summary>
    public static long? MilliCpus(string text) =>
        CpuSyntax().IsMatch(text) && decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal cpus) && cpus <= 1000
            ? (long)Math.Ceiling(cpus * 1000) : null;

    /// <summary>A port or a range of ports (<c>8000-8010</c>), 1–65535.</summary>
    public static (int First, int Last)? Ports(string text)
    {
        string[] ends = text.Split('-');
        return ends.Length <= 2 && Port(ends[0]) is { } first && Port(ends[^1]) is { } last && first <= last ? (first, last) : null;
    }

    /// <summary>A path in a container: absolute, without <c>..</c>, colon or control characters.</summary>
    public static bool IsContainerPath(string text) =>
        text.StartsWith('/') && !text.Any(c => c == ':' || char.IsControl(c)) && !text.Split('/').Contains("..");

    /// <summary>Name of a volume or network, as the Docker engine allows it.</summary>
    public static bool IsName(string text) => text.Length <= 128 && NameSyntax().IsMatch(text);

    /// <summary>What can stand behind <c>image:</c>: repository, tag, digest, or a bare sha256 id.</summary>
    public static bool IsImage(string text) => text.Length <= 512 && ImageSyntax().IsMatch(text);

    private static int? Port(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is > 0 and < 65536 ? port : null;

    [GeneratedRegex(@"^(?:(?<n>[0-9]{1,9}(?:\.[0-9]{1,9})?)(?<u>h|ms|m|s|us|µs|ns))+\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex DurationSyntax();

    [GeneratedRegex(@"^(?<n>[0-9]{1,18}(?:\.[0-9]{1,9})?) ?(?<u>[kKmMgGtT]?)(?:i?[bB])?\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SizeSyntax();

    [GeneratedRegex(@"^(?:[0-9]{1,4}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex CpuSyntax();

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9_.-]*\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NameSyntax();

    [GeneratedRegex(@"^(?:sha256:[0-9a-f]{64}|(?:[A-Za-z0-9.-]+(?::[0-9]+)?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?)\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ImageSyntax();
}
