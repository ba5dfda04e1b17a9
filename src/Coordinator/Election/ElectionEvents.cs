namespace RpiAgent.Coordinator.Election;

/// <param name="Now">Monotonic, when it was known.</param>
internal abstract record ElectionEvent(TimeSpan Now);

/// <summary>The process started, or a rest is over.</summary>
internal sealed record Woke(TimeSpan Now) : ElectionEvent(Now);

/// <param name="SentAt">When the call left, which is never later than when Consul counted from.</param>
internal sealed record SessionMade(string Session, TimeSpan SentAt, TimeSpan Now) : ElectionEvent(Now);

/// <summary>The session lives, and holds the lock if it held it.</summary>
internal sealed record Renewed(TimeSpan SentAt, TimeSpan Now) : ElectionEvent(Now);

internal sealed record SessionGone(TimeSpan Now) : ElectionEvent(Now);

/// <param name="Epoch">The key's LockIndex.</param>
internal sealed record LockTaken(ulong Epoch, TimeSpan Now) : ElectionEvent(Now);

/// <summary>Somebody else holds it, or its delay runs.</summary>
internal sealed record LockRefused(TimeSpan Now) : ElectionEvent(Now);

/// <summary>Our session lives, but the lock is not ours any more.</summary>
internal sealed record LockLost(TimeSpan Now) : ElectionEvent(Now);

internal sealed record GivenBack(TimeSpan Now) : ElectionEvent(Now);

/// <summary>The term was begun or extended.</summary>
internal sealed record TermStands(TimeSpan Now) : ElectionEvent(Now);

/// <summary>Consul could not be asked.</summary>
internal sealed record CallFailed(TimeSpan Now) : ElectionEvent(Now);

internal abstract record ElectionAction;

internal sealed record MakeSession : ElectionAction;

internal sealed record Acquire(string Session) : ElectionAction;

internal sealed record Renew(string Session) : ElectionAction;

internal sealed record GiveBack(string Session) : ElectionAction;

/// <param name="Until">The term ends by itself then, unless it is extended.</param>
internal sealed record BeginTerm(string Session, ulong Epoch, TimeSpan Until) : ElectionAction;

internal sealed record ExtendTerm(TimeSpan Until) : ElectionAction;

internal sealed record EndTerm(string Reason) : ElectionAction;

internal sealed record Rest(TimeSpan Until) : ElectionAction;
