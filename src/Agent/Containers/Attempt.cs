using System.Text.RegularExpressions;

namespace RpiAgent.Agent.Containers;

internal enum FailureKind
{
    /// <summary>A network is not there yet, or not any more: comes right by itself soon, as after a reboot.</summary>
    Network,

    /// <summary>The engine is gone: tried again as soon as it is back.</summary>
    Engine,

    /// <summary>No source gave the image.</summary>
    Image,

    /// <summary>It was started and stopped again soon.</summary>
    Crash,
    Other,
}

/// <summary>Memory of failures in a row of one replica, and the pause they earn.</summary>
internal sealed partial record Attempt(FailureKind Kind, int Failures, DateTimeOffset NextTry, string Reason)
{
    /// <summary>A container that has run for so long has recovered.</summary>
    public static TimeSpan Recovered { get; } = TimeSpan.FromSeconds(10);

    /// <summary>So many failures in a row are no passing trouble: each try writes to the SD card, so they become rarer.</summary>
    private const int Lasting = 40;

    /// <summary>Doubles with each failure of the same kind, up to the kind's limit, and to a higher one when it lasts.</summary>
    public static Attempt After(Attempt? previous, FailureKind kind, string reason, DateTimeOffset now)
    {
        int failures = previous?.Kind == kind ? previous.Failures + 1 : 1;
        (double first, double limit, double lasting) = kind switch
        {
            FailureKind.Network => (0.1, 2, 15),
            FailureKind.Engine => (0.2, 2, 2),
            FailureKind.Image => (1, 30, 30),
            FailureKind.Crash => (0.5, 60, 300),
            _ => (0.5, 30, 120),
        };
        double seconds = Math.Min(failures > Lasting ? lasting : limit, first * Math.Pow(2, Math.Min(failures - 1, 16)));
        return new Attempt(kind, failures, now + TimeSpan.FromSeconds(seconds), reason);
    }

    /// <summary>
    /// Reads the engine's words: only they tell a missing network from other refusals. Engines since 28 begin every refusal at a
    /// start with "failed to set up container networking", also that of a port in use.
    /// </summary>
    public static FailureKind KindOf(bool engineUnreachable, string message) =>
        engineUnreachable ? FailureKind.Engine
        : MissingNetwork().IsMatch(message) ? FailureKind.Network
        : FailureKind.Other;

    [GeneratedRegex(@"\bnetwork \S+ not found|\bno such network|attaching to network failed|could not attach to network|network sandbox join failed",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex MissingNetwork();
}
