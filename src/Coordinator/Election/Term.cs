using RpiAgent.Consul;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Election;

/// <summary>One time of leading.</summary>
/// <param name="Epoch">LockIndex of the leader key: grows with every term of anybody.</param>
/// <param name="Session">Consul's session that holds the lock.</param>
/// <param name="Ended">Cancelled before anybody else can lead.</param>
internal sealed record Term(ulong Epoch, string Session, CancellationToken Ended)
{
    /// <summary>First operation of each transaction of a leader: Consul refuses the whole of it once the lock has passed on.</summary>
    public TransactionOperation Fence => TransactionOperation.CheckSession(ConsulKeys.Leader, Session);
}

/// <summary>Something that runs while this process leads.</summary>
/// <param name="Run">Ends with the term's token; if it throws before, it is started again.</param>
internal sealed record TermLoop(string Name, Func<Term, Task> Run);

/// <summary>Whether this process leads now.</summary>
internal sealed class Leadership
{
    private volatile Term? _current;

    /// <summary>The term, or null while somebody else or nobody leads.</summary>
    public Term? Current => _current is { Ended.IsCancellationRequested: false } term ? term : null;

    internal void Set(Term? term) => _current = term;
}
