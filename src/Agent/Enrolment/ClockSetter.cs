using System.Globalization;
using RpiAgent.Identity;

namespace RpiAgent.Agent.Enrolment;

/// <summary>When the agent sets the system's clock itself: Docker takes no relaxed view of certificates.</summary>
internal static class ClockSetting
{
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(60);

    /// <summary>The time to set; null = leave the clock alone. Only forward, and never in the way of a service that sets it.</summary>
    /// <param name="told">The latest time somebody trusted has told, and what has passed since.</param>
    /// <param name="built">Of this program.</param>
    /// <param name="end">Of the cluster's CA.</param>
    public static DateTimeOffset? Plan(ClockState state, DateTimeOffset kernel, DateTimeOffset told, DateTimeOffset built, DateTimeOffset end) =>
        state == ClockState.Alone && told - kernel > Least && told >= built && told < end ? told : null;
}

/// <summary>Has systemd's timedated set the clock, which refuses where a time service is on: this daemon has no right to.</summary>
internal sealed partial class ClockSetter(TrustClock clock, ClockProbe probe, CommandRunner commands, TimeProvider time, ILogger<ClockSetter> log)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private string _told = "";

    public async Task ConsiderAsync(ClockState state, CancellationToken cancel)
    {
        DateTimeOffset kernel = time.GetUtcNow();
        if (ClockSetting.Plan(state, kernel, clock.Told, ClockProbe.Built, probe.AuthorityEnd()) is not { } right)
        {
            return;
        }

        string text = right.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
        CommandResult set = await commands.RunAsync("timedatectl", ["--no-ask-password", "set-time", text], Limit, cancel);
        if (set.Succeeded)
        {
            LogSet(kernel, right);
        }
        else if (_told != set.Reason)
        {
            _told = set.Reason;
            LogNotSet(right, set.Reason);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Set the system's clock forward from {From:u} to {To:u}, as the coordinator told: no service sets it")]
    private partial void LogSet(DateTimeOffset from, DateTimeOffset to);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The system's clock is behind {To:u} and cannot be set: {Reason}")]
    private partial void LogNotSet(DateTimeOffset to, string reason);
}
