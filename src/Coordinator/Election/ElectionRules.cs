namespace RpiAgent.Coordinator.Election;

/// <summary>
/// When to make a session, take the lock, renew, step down. Pure: stamps are monotonic and come with the events.
/// Consul ends a session no sooner than its time to live after the last renewal, so a leader that stops
/// <see cref="ElectionTimings.Lease"/> after it <em>sent</em> that renewal has stopped before anybody else can lead.
/// </summary>
internal static class ElectionRules
{
    /// <summary>What to do next. Doing it gives the next event.</summary>
    public static (ElectionState Next, ElectionAction Action) Step(ElectionState state, ElectionEvent happened, ElectionTimings timings) => state switch
    {
        NoSession => WithoutSession(happened, timings),
        Candidate candidate => AsCandidate(candidate, happened, timings),
        Leading leading => AsLeader(leading, happened, timings),
        Deposed deposed => AsDeposed(deposed, happened, timings),
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "unknown state"),
    };

    private static (ElectionState, ElectionAction) WithoutSession(ElectionEvent happened, ElectionTimings timings) => happened switch
    {
        SessionMade made => (new Candidate(made.Session, made.SentAt), new Acquire(made.Session)),
        CallFailed => (new NoSession(), new Rest(happened.Now + timings.Retry)),
        _ => (new NoSession(), new MakeSession()),
    };

    private static (ElectionState, ElectionAction) AsCandidate(Candidate candidate, ElectionEvent happened, ElectionTimings timings)
    {
        switch (happened)
        {
            case LockTaken taken when happened.Now < candidate.RenewedAt + timings.Lease:
                Leading leading = new(candidate.Session, taken.Epoch, candidate.RenewedAt);
                return (leading, new BeginTerm(leading.Session, leading.Epoch, leading.RenewedAt + timings.Lease));
            case LockTaken:
                // Too slow: by now the lease may have passed on.
                return (new Deposed(candidate.Session), new Renew(candidate.Session));
            case Renewed renewed:
                return (candidate with { RenewedAt = renewed.SentAt }, new Acquire(candidate.Session));
            case SessionGone or LockLost:
                return (new NoSession(), new MakeSession());
            case LockRefused or CallFailed:
                return (candidate, new Rest(happened.Now + timings.Retry));
            default:
                return happened.Now >= candidate.RenewedAt + timings.RenewEvery
                    ? (candidate, new Renew(candidate.Session))
                    : (candidate, new Acquire(candidate.Session));
        }
    }

    private static (ElectionState, ElectionAction) AsLeader(Leading leading, ElectionEvent happened, ElectionTimings timings)
    {
        TimeSpan end = leading.RenewedAt + timings.Lease;
        switch (happened)
        {
            case SessionGone:
                return (new NoSession(), new EndTerm("Consul ended the session"));
            case LockLost:
                return (new Candidate(leading.Session, leading.RenewedAt), new EndTerm("the lock was taken away"));
            case Renewed renewed when happened.Now < renewed.SentAt + timings.Lease:
                leading = leading with { RenewedAt = renewed.SentAt };
                return (leading, new ExtendTerm(leading.RenewedAt + timings.Lease));
            case CallFailed or TermStands:
                return happened.Now >= end ? Late() : (leading, new Rest(Earlier(happened.Now + (happened is CallFailed ? timings.Retry : timings.RenewEvery), end)));
            default:
                return happened.Now >= end ? Late() : (leading, new Renew(leading.Session));
        }

        (ElectionState, ElectionAction) Late() =>
            (new Deposed(leading.Session), new EndTerm("the lease could not be renewed in time"));
    }

    /// <summary>The old session may still hold the lock. It is given back first: taking it again then makes a new epoch.</summary>
    private static (ElectionState, ElectionAction) AsDeposed(Deposed deposed, ElectionEvent happened, ElectionTimings timings) => happened switch
    {
        Renewed renewed => (deposed with { RenewedAt = renewed.SentAt }, new GiveBack(deposed.Session)),
        GivenBack => (new Candidate(deposed.Session, deposed.RenewedAt), new Acquire(deposed.Session)),
        SessionGone or LockLost => (new NoSession(), new MakeSession()),
        CallFailed => (deposed, new Rest(happened.Now + timings.Retry)),
        _ => (deposed, new Renew(deposed.Session)),
    };

    private static TimeSpan Earlier(TimeSpan a, TimeSpan b) => a < b ? a : b;
}

/// <param name="TimeToLive">Of the session; Consul's minimum is 10 s.</param>
/// <param name="Lease">How long after sending a renewal the leader still acts; less than <paramref name="TimeToLive"/>.</param>
/// <param name="LockDelay">Consul gives the lock to nobody for so long after a session ended.</param>
internal sealed record ElectionTimings(TimeSpan TimeToLive, TimeSpan RenewEvery, TimeSpan Lease, TimeSpan Retry, TimeSpan LockDelay)
{
    public static ElectionTimings Default { get; } = new(
        TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(2));
}

internal abstract record ElectionState;

internal sealed record NoSession : ElectionState;

internal sealed record Candidate(string Session, TimeSpan RenewedAt) : ElectionState;

internal sealed record Leading(string Session, ulong Epoch, TimeSpan RenewedAt) : ElectionState;

/// <summary>Stepped down while Consul was silent.</summary>
internal sealed record Deposed(string Session) : ElectionState
{
    public TimeSpan RenewedAt { get; init; }
}
