using RpiAgent.Protos;

namespace RpiAgent.Agent.Containers;

/// <summary>The held assignment: in memory, and in the ledger before anybody is told that it was accepted.</summary>
internal sealed partial class AssignmentHolder(Ledger ledger, ILogger<AssignmentHolder> log)
{
    private readonly Lock _gate = new();
    private Assignment? _held;
    private bool _loaded;

    private volatile Action? _listeners;

    /// <summary>Why the saved assignment cannot be used; null when there is no such trouble.</summary>
    public string? Trouble { get; private set; }

    /// <summary>Null: nothing was ever accepted, or what was accepted cannot be read any more. Containers are then left as they are.</summary>
    public Assignment? Held
    {
        get
        {
            lock (_gate)
            {
                Load();
                return _held;
            }
        }
    }

    /// <summary>Listeners are told after each accepted offer, and must return at once.</summary>
    public void Listen(Action listener)
    {
        lock (_gate)
        {
            _listeners += listener;
        }
    }

    /// <exception cref="IOException">It could not be saved: it is then not accepted.</exception>
    public FenceDecision Offer(Assignment offered)
    {
        FenceDecision decision;
        lock (_gate)
        {
            Load();
            decision = AssignmentFence.Decide(_held, offered);
            switch (decision)
            {
                case FenceDecision.Accept:
                    ledger.Save(offered);
                    _held = offered;
                    Trouble = null;
                    break;
                case FenceDecision.AlreadyHeld:
                    _held = offered; // with newer image sources, perhaps
                    break;
                default:
                    LogRefused(offered.Version, decision, _held!.Version);
                    return decision;
            }
        }

        if (decision == FenceDecision.Accept)
        {
            LogAccepted(offered.Version.Epoch, offered.Version.Generation, offered.Replicas.Length);
        }

        _listeners?.Invoke();
        return decision;
    }

    private void Load()
    {
        if (_loaded)
        {
            return;
        }

        _loaded = true;
        try
        {
            _held = ledger.Load();
            if (_held is { } held)
            {
                LogLoaded(held.Version.Epoch, held.Version.Generation, held.Replicas.Length);
            }
        }
        catch (LedgerException e)
        {
            Trouble = $"{e.Message}; containers are left as they are until the coordinator sends the assignment again";
            LogTrouble(e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Assignment {Epoch}.{Generation} accepted: {Count} replicas")]
    private partial void LogAccepted(ulong epoch, ulong generation, int count);

    [LoggerMessage(Level = LogLevel.Information, Message = "Assignment {Epoch}.{Generation} held from before: {Count} replicas")]
    private partial void LogLoaded(ulong epoch, ulong generation, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Assignment {Offered} refused ({Decision}): {Held} is held")]
    private partial void LogRefused(AssignmentVersion offered, FenceDecision decision, AssignmentVersion held);

    [LoggerMessage(Level = LogLevel.Error, Message = "The saved assignment cannot be used, containers are left as they are: {Reason}")]
    private partial void LogTrouble(string reason);
}
