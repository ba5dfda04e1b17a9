namespace RpiAgent.Identity;

/// <summary>
/// The time that leases, waits and grace periods go by: the wall clock when the process began, from then on the monotonic clock. A clock that
/// is set, as on every Pi without a battery, neither ends a wait early nor draws it out. Never for certificates, tokens, records or people.
/// </summary>
/// <param name="wall">The clock it begins with; its timestamps and timers are used.</param>
public sealed class SteadyTime(TimeProvider wall) : TimeProvider
{
    private readonly DateTimeOffset _began = wall.GetUtcNow();
    private readonly long _stamp = wall.GetTimestamp();

    public override long TimestampFrequency => wall.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => wall.LocalTimeZone;

    public override DateTimeOffset GetUtcNow() => _began + wall.GetElapsedTime(_stamp);

    public override long GetTimestamp() => wall.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => wall.CreateTimer(callback, state, dueTime, period);

    /// <summary>A moment of this time as the wall clock, as it is set now, would have shown it: for people.</summary>
    public DateTimeOffset ToWall(DateTimeOffset moment) => wall.GetUtcNow() - (GetUtcNow() - moment);
}
