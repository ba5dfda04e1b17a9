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
internal sealed record Attempt(FailureKind Kind, int Failures, DateTimeOffset NextTry, string Reason)
{
    /// <summary>A container that has run for so long has recovered.</summary>
    public static TimeSpan Recovered { get; } = TimeSpan.FromSeconds(10);

    /// <summary>Doubles with each failure of the same kind, up to the kind's limit.</summary>
    public static Attempt After(Attempt? previous, FailureKind kind, string reason, DateTimeOffset now)
    {
        int failures = previous?.Kind == kind ? previous.Failures + 1 : 1;
        (double first, double limit) = kind switch
        {
            FailureKind.Network => (0.1, 2),
            FailureKind.Engine => (0.2, 2),
            FailureKind.Image => (1, 30),
            FailureKind.Crash => (0.5, 60),
            _ => (0.5, 30),
        };
        double seconds = Math.Min(limit, first * Math.Pow(2, Math.Min(failures - 1, 16)));
        return new Attempt(kind, failures, now + TimeSpan.FromSeconds(seconds), reason);
    }

    /// <summary>Reads the engine's words: only they tell a missing network from other refusals.</summary>
    public static FailureKind KindOf(bool engineUnreachable, string message) =>
        engineUnreachable ? FailureKind.Engine
        : message.Contains("network", StringComparison.OrdinalIgnoreCase) ? FailureKind.Network
        : FailureKind.Other;
}
