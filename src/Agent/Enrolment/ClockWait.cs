namespace RpiAgent.Agent.Enrolment;

/// <summary>How the system's clock stands.</summary>
internal enum ClockState
{
    Set,
    /// <summary>A service is about to set it from the network.</summary>
    Awaited,
    /// <summary>Nobody will set it.</summary>
    Alone,
}

/// <summary>
/// A board without a clock battery gives a service that sets the clock a while before it enrols: certificates and dates in
/// logs are right from the start then. A network without time servers must work too, so the wait has an end, and monotonic time measures it.
/// </summary>
internal sealed class ClockWait(ClockProbe probe, CommandRunner commands, TimeProvider time)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5), Look = TimeSpan.FromSeconds(1);

    /// <param name="limit">Zero = do not wait.</param>
    /// <param name="tell">What is waited for.</param>
    public Task<ClockState> WaitAsync(TimeSpan limit, Action<string> tell, CancellationToken cancel) => WaitAsync(LookAsync, limit, tell, time, cancel);

    /// <returns>The last state seen.</returns>
    public static async Task<ClockState> WaitAsync(Func<CancellationToken, Task<ClockState>> look, TimeSpan limit, Action<string> tell, TimeProvider time, CancellationToken cancel)
    {
        long start = time.GetTimestamp();
        while (true)
        {
            ClockState state = await look(cancel);
            TimeSpan left = limit - time.GetElapsedTime(start);
            if (state != ClockState.Awaited || left <= TimeSpan.Zero)
            {
                return state;
            }

            tell($"waiting for the clock to be set, {Math.Ceiling(left.TotalSeconds):0} s at most");
            await Task.Delay(left < Look ? left : Look, time, cancel);
        }
    }

    /// <summary>systemd's timedated knows of timesyncd, chrony and ntpd alike (timedatectl(1): NTP, NTPSynchronized).</summary>
    public async Task<ClockState> LookAsync(CancellationToken cancel)
    {
        if (probe.IsSynchronised())
        {
            return ClockState.Set;
        }

        CommandResult shown = await commands.RunAsync("timedatectl", ["show", "-p", "NTP", "-p", "NTPSynchronized"], Limit, cancel);
        ClockState state = Read(shown.Succeeded ? shown.Output : "");
        if (state == ClockState.Set)
        {
            probe.NoteSynchronised();
        }

        return state;
    }

    /// <summary>For people.</summary>
    public static string Words(ClockState state) => state switch
    {
        ClockState.Set => "clock: synchronised",
        ClockState.Awaited => "clock: unsynchronised, no time server has answered yet",
        _ => "clock: unsynchronised, no service sets it; it goes by what the coordinator told",
    };

    public static ClockState Read(string shown)
    {
        string[] lines = shown.Split('\n');
        return lines.Contains("NTPSynchronized=yes") ? ClockState.Set : lines.Contains("NTP=yes") ? ClockState.Awaited : ClockState.Alone;
    }
}
