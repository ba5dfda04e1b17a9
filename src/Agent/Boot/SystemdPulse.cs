using System.Globalization;
using Microsoft.Extensions.Hosting.Systemd;

namespace RpiAgent.Agent.Boot;

/// <summary>
/// Tells systemd how the agent is: STATUS= with a line for people, and WATCHDOG=1 only while the real work loop turns
/// (sd_notify(3)). A loop that hangs is thus restarted by systemd.
/// </summary>
/// <param name="statusText">The line that `systemctl status` shows.</param>
/// <param name="sinceLastWork">Time since the work loop completed a round, by the monotonic clock.</param>
internal sealed partial class SystemdPulse(
    ISystemdNotifier notifier, Func<string> statusText, Func<TimeSpan> sinceLastWork, TimeProvider time, ILogger<SystemdPulse> log) : BackgroundService
{
    private const int LongestLine = 400;
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(2);

    /// <summary>WATCHDOG_USEC as a time, or null when systemd watches nothing.</summary>
    public static TimeSpan? WatchdogTimeout(string? microseconds) =>
        long.TryParse(microseconds, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value > 0
            ? TimeSpan.FromMicroseconds(value)
            : null;

    /// <summary>A message to systemd that is nothing but a status: a line break in it would begin another assignment, and words of strangers are in there.</summary>
    public static ServiceState Status(string text) =>
        new("STATUS=" + string.Concat(text.Take(LongestLine).Select(c => char.IsControl(c) ? ' ' : c)));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        TimeSpan? timeout = WatchdogTimeout(Environment.GetEnvironmentVariable("WATCHDOG_USEC"));
        using PeriodicTimer timer = new(Beat, time);
        string? last = null;
        bool stuck = false;
        do
        {
            string text = statusText();
            if (text != last)
            {
                notifier.Notify(Status(text));
                last = text;
            }

            if (timeout is { } limit)
            {
                TimeSpan idle = sinceLastWork();
                if (idle < limit / 2)
                {
                    notifier.Notify(new ServiceState("WATCHDOG=1"));
                    stuck = false;
                }
                else if (!stuck)
                {
                    LogStuck(idle);
                    stuck = true;
                }
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The container loop has not turned for {Idle}; systemd will restart the agent")]
    private partial void LogStuck(TimeSpan idle);
}
