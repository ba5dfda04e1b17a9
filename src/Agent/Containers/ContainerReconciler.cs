using System.Collections.Immutable;
using System.Threading.Channels;
using RpiAgent.Agent.Engine;
using RpiAgent.Identity;

namespace RpiAgent.Agent.Containers;

/// <summary>
/// Makes the engine's containers those of the held assignment: observe, plan, run, report; again at every new assignment, engine event,
/// ended step and due retry. Needs nobody: after a reboot it works from the ledger alone.
/// </summary>
internal sealed partial class ContainerReconciler : BackgroundService
{
    /// <summary>The loop turns at least so often, for the watchdog; it looks at the engine only when there is a reason or <see cref="FullLook"/> has passed.</summary>
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FullLook = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(2);

    private readonly ContainerObserver _observer;
    private readonly AssignmentHolder _assignments;
    private readonly Action<ContainersReport> _publish;
    private readonly SteadyTime _time;
    private readonly ILogger<ContainerReconciler> _log;
    private readonly RunningSteps _steps;
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Lock _gate = new();
    private Assignment? _seen;
    private bool _retryNetworks;
    private bool _retryEngine;
    private long _lastRound;
    private bool _failing;

    public ContainerReconciler(
        ContainerObserver observer, StepRunner runner, AssignmentHolder assignments, EngineWatch watch, Action<ContainersReport> publish, SteadyTime time,
        ILogger<ContainerReconciler> log)
    {
        (_observer, _assignments, _publish, _time, _log) = (observer, assignments, publish, time, log);
        _steps = new RunningSteps(runner, Wake, log);
        _lastRound = time.GetTimestamp();
        assignments.Listen(Wake);
        watch.Listen(Hear);
    }

    /// <summary>Time since the loop last turned: what the watchdog looks at. Monotonic.</summary>
    public TimeSpan SinceLastRound => _time.GetElapsedTime(Volatile.Read(ref _lastRound));

    /// <summary>The swarm or its networks have changed: what waits for a network is tried at once.</summary>
    public void RetryNetworks()
    {
        lock (_gate)
        {
            _retryNetworks = true;
        }

        Wake();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        DateTimeOffset nextLook = _time.GetUtcNow();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                nextLook = await RoundAsync(stoppingToken);
                _failing = false;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                if (!_failing)
                {
                    LogRoundFailed(e.Message);
                    _failing = true;
                }

                nextLook = _time.GetUtcNow() + AfterFailure;
            }

            Volatile.Write(ref _lastRound, _time.GetTimestamp());
            await WaitAsync(nextLook, stoppingToken);
        }
    }

    /// <returns>When to look again without being woken.</returns>
    private async Task<DateTimeOffset> RoundAsync(CancellationToken cancel)
    {
        DateTimeOffset now = _time.GetUtcNow();
        Assignment? held = _assignments.Held;
        Prepare(held, now);
        ImmutableDictionary<Protos.ReplicaId, ContainerStep> running = _steps.Now; // before looking: what ends meanwhile is judged in the next round
        ImmutableArray<ObservedContainer> containers = await _observer.ContainersAsync(cancel);
        now = _time.GetUtcNow();
        _steps.Forgive(containers, held?.Replicas.Select(replica => replica.Id).Concat(containers.Where(c => c.Replica is not null).Select(c => c.Replica!.Value)) ?? [], now);
        NodeView view = new() { Containers = containers, Attempts = _steps.Attempts, Running = running };
        ContainerPlan plan = new([], ImmutableDictionary<Protos.ReplicaId, string>.Empty, null);
        if (held is not null)
        {
            if (held.Replicas.Any(replica => !containers.Any(container => container.Replica == replica.Id && container.SpecHash == replica.SpecHash)))
            {
                view = view with { Images = await _observer.ImagesAsync(cancel) };
            }

            plan = ContainerPlanner.Plan(held, view, now);
            foreach (ContainerStep step in plan.Steps)
            {
                _steps.Start(step, cancel);
            }
        }

        ImmutableArray<string> warnings = _assignments.Trouble is { } trouble ? [trouble] : [];
        _publish(new ContainersReport(held?.Version, ContainerReports.Of(held, view with { Running = _steps.Now }, plan), warnings));
        return plan.LookAgain is { } due && due < now + FullLook ? due : now + FullLook;
    }

    private void Prepare(Assignment? held, DateTimeOffset now)
    {
        _steps.Collect(now);
        if (held is not null && !ReferenceEquals(held, _seen))
        {
            _steps.Replace(_seen, held);
            _seen = held;
        }

        lock (_gate)
        {
            (bool networks, bool engine) = (_retryNetworks, _retryEngine);
            (_retryNetworks, _retryEngine) = (false, false);
            _steps.RetryNow(kind => (networks && kind == FailureKind.Network) || (engine && kind == FailureKind.Engine), now);
        }
    }

    private async Task WaitAsync(DateTimeOffset until, CancellationToken cancel)
    {
        while (true)
        {
            TimeSpan left = until - _time.GetUtcNow();
            TimeSpan pause = left < Beat ? left : Beat;
            if (pause <= TimeSpan.Zero || await WokenAsync(pause, cancel))
            {
                return;
            }

            Volatile.Write(ref _lastRound, _time.GetTimestamp());
        }
    }

    /// <returns>False when the pause passed undisturbed.</returns>
    private async Task<bool> WokenAsync(TimeSpan pause, CancellationToken cancel)
    {
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task timer = Task.Delay(pause, _time, over.Token);
        Task<bool> woken = _wake.Reader.WaitToReadAsync(over.Token).AsTask();
        Task first = await Task.WhenAny(woken, timer);
        await over.CancelAsync();
        cancel.ThrowIfCancellationRequested();
        return first == woken && _wake.Reader.TryRead(out _);
    }

    private void Wake() => _wake.Writer.TryWrite(true);

    private void Hear(EngineEvent happened)
    {
        if (happened.Kind == EngineEventKind.Connected)
        {
            lock (_gate)
            {
                (_retryNetworks, _retryEngine) = (true, true);
            }
        }

        if (happened.Kind is EngineEventKind.Connected or EngineEventKind.Container)
        {
            Wake();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Cannot look after the containers now, trying again: {Reason}")]
    private partial void LogRoundFailed(string reason);
}
