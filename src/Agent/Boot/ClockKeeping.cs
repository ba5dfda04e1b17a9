using RpiAgent.Agent.Enrolment;
using RpiAgent.Agent.Status;
using RpiAgent.Identity;

namespace RpiAgent.Agent.Boot;

/// <summary>
/// Notices when the kernel's clock is set after all, sets it where nobody else does, tells as long as it is not set, and writes the time
/// down every hour: a board without a clock battery and without time servers must know, after any number of starts, when its certificate
/// is due.
/// </summary>
internal sealed partial class ClockKeeping(TrustClock clock, ClockProbe probe, ClockWait wait, ClockSetter setter, StatusBoard board, TimeProvider time, ILogger<ClockKeeping> log) : BackgroundService
{
    /// <summary>A clock is mostly set in the first minutes; later looks are rarer, since each starts a service of systemd.</summary>
    private const int LooksPerHour = 60, Often = 10, Seldom = 10;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(TimeSpan.FromHours(1) / LooksPerHour, time);
        for (int look = 0; ; look++)
        {
            if (look < Often || look % Seldom == 0)
            {
                ClockState state = await wait.LookAsync(stoppingToken);
                await setter.ConsiderAsync(state, stoppingToken);
                string warning = state == ClockState.Set ? "" : ClockWait.Words(state);
                board.Update(report => report with { ClockWarning = warning });
            }

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
