using RpiAgent.Identity;

namespace RpiAgent.Agent.Enrolment;

/// <summary>
/// Notices when the kernel's clock is set after all, and writes the time down every hour: a board without a clock battery and without
/// time servers must know, after any number of starts, when its certificate is due (pi-domain §6).
/// </summary>
internal sealed partial class ClockKeeping(TrustClock clock, ClockProbe probe, ClockWait wait, TimeProvider time, ILogger<ClockKeeping> log) : BackgroundService
{
    private const int LooksPerHour = 6;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(TimeSpan.FromHours(1) / LooksPerHour, time);
        for (int look = 0; ; look++)
        {
            await wait.LookAsync(stoppingToken);
            if (look % LooksPerHour == 0)
            {
                Remember();
            }

            await timer.WaitForNextTickAsync(stoppingToken);
        }
    }

    /// <summary>A kernel's clock that nobody has set is not believed: what it shows, by whatever mistake, would stay for good.</summary>
    private void Remember()
    {
        try
        {
            probe.Remember(clock.Synchronised ? clock.Now : clock.Told);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotWritten(e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The time cannot be written down: {Reason}")]
    private partial void LogNotWritten(string reason);
}
