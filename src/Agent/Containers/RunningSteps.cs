using System.Collections.Immutable;
using RpiAgent.Agent.Engine;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Containers;

/// <summary>
/// The steps under way, one a replica, and the memory of those that failed. Used by the reconciler's loop alone; the steps
/// themselves run beside it and only raise <paramref name="ended"/>.
/// </summary>
internal sealed partial class RunningSteps(StepRunner runner, Action ended, ILogger log)
{
    private readonly Dictionary<ReplicaId, Entry> _running = [];
    private readonly Dictionary<ReplicaId, (DateTimeOffset? Start, DateTimeOffset Seen)> _up = [];

    public ImmutableDictionary<ReplicaId, Attempt> Attempts { get; private set; } = ImmutableDictionary<ReplicaId, Attempt>.Empty;

    public ImmutableDictionary<ReplicaId, ContainerStep> Now => _running.ToImmutableDictionary(pair => pair.Key, pair => pair.Value.Step);

    public void Start(ContainerStep step, CancellationToken cancel)
    {
        CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task<StepFailure?> outcome = RunAsync(step, stop.Token);
        _running.Add(step.Replica, new Entry(step, stop, outcome));
        _ = outcome.ContinueWith(_ => ended(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    /// <summary>Takes in what has ended since the last call.</summary>
    public void Collect(DateTimeOffset now)
    {
        foreach ((ReplicaId replica, Entry entry) in _running.Where(pair => pair.Value.Outcome.IsCompleted).ToList())
        {
            _running.Remove(replica);
            entry.Stop.Dispose();
            Attempt? previous = Attempts.GetValueOrDefault(replica);
            StepFailure? failure = entry.Outcome.GetAwaiter().GetResult();
            if (failure is { Cancelled: false } && failure.Reason != previous?.Reason)
            {
                LogFailed(replica, failure.Reason);
            }

            Attempts = failure switch
            {
                null when entry.Step is StartContainer { Container.State: ContainerState.Exited } =>
                    Attempts.SetItem(replica, Attempt.After(previous, FailureKind.Crash, "it stopped soon after its start", now)),
                null when entry.Step is RemoveContainer => Attempts,
                null => Attempts.Remove(replica),
                { Cancelled: true } => Attempts,
                _ => Attempts.SetItem(replica, Attempt.After(previous, failure.Kind, failure.Reason, now)),
            };
        }
    }

    /// <summary>Forgets failures of containers that have run for a while and of replicas that are not wanted any more.</summary>
    public void Forgive(IEnumerable<ObservedContainer> containers, IEnumerable<ReplicaId> known, DateTimeOffset now)
    {
        foreach (ObservedContainer container in containers.Where(one => one is { State: ContainerState.Running, Replica: { } replica } && Attempts.ContainsKey(replica)))
        {
            // By our own looking: the engine's times are of a clock that may have been set since.
            ReplicaId replica = container.Replica!.Value;
            if (!_up.TryGetValue(replica, out var up) || up.Start != container.StartedAt)
            {
                _up[replica] = (container.StartedAt, now);
            }
            else if (now - up.Seen > Attempt.Recovered)
            {
                Attempts = Attempts.Remove(replica);
            }
        }

        Attempts = Attempts.RemoveRange(Attempts.Keys.Except(known));
        foreach (ReplicaId forgotten in _up.Keys.Where(replica => !Attempts.ContainsKey(replica)).ToList())
        {
            _up.Remove(forgotten);
        }
    }

    /// <summary>What failed for these reasons may be tried at once.</summary>
    public void RetryNow(Func<FailureKind, bool> reason, DateTimeOffset now) =>
        Attempts = Attempts.SetItems(Attempts.Where(pair => reason(pair.Value.Kind) && pair.Value.NextTry > now)
            .Select(pair => KeyValuePair.Create(pair.Key, pair.Value with { NextTry = now })).ToList());

    /// <summary>Another specification is wanted: its predecessors' failures say nothing, and their steps are stopped where that is safe.</summary>
    public void Replace(Assignment? held, Assignment next)
    {
        Dictionary<ReplicaId, string> before = held?.Replicas.ToDictionary(replica => replica.Id, replica => replica.SpecHash) ?? [];
        Dictionary<ReplicaId, string> after = next.Replicas.ToDictionary(replica => replica.Id, replica => replica.SpecHash);
        Attempts = Attempts.RemoveRange(Attempts.Keys.Where(replica => before.GetValueOrDefault(replica) != after.GetValueOrDefault(replica)).ToList());
        foreach (Entry entry in _running.Values.Where(entry =>
            entry.Step is FetchImage && before.GetValueOrDefault(entry.Step.Replica) != after.GetValueOrDefault(entry.Step.Replica)))
        {
            entry.Stop.Cancel();
        }
    }

    private async Task<StepFailure?> RunAsync(ContainerStep step, CancellationToken cancel)
    {
        await Task.Yield();
        try
        {
            await runner.RunAsync(step, cancel);
            return null;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return new StepFailure(FailureKind.Other, "cancelled", Cancelled: true);
        }
        catch (Exception e)
        {
            FailureKind kind = step is FetchImage ? FailureKind.Image : Attempt.KindOf(e is EngineException { Unreachable: true }, e.Message);
            return new StepFailure(kind, e.Message, Cancelled: false);
        }
    }

    private sealed record Entry(ContainerStep Step, CancellationTokenSource Stop, Task<StepFailure?> Outcome);

    private sealed record StepFailure(FailureKind Kind, string Reason, bool Cancelled);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Replica}: {Reason}; it will be tried again")]
    private partial void LogFailed(ReplicaId replica, string reason);
}
