using System.Runtime.CompilerServices;
using RpiAgent.Coordinator.Model;

namespace RpiAgent.Coordinator.Cluster;

/// <summary>The one place where what is known of the cluster is kept: a snapshot, replaced as a whole. Safe for many callers at once.</summary>
internal sealed class ClusterState
{
    private readonly Lock _gate = new();
    private volatile ClusterSnapshot _current = ClusterSnapshot.Empty;
    private TaskCompletionSource _changed = NewSignal();

    public ClusterSnapshot Current => _current;

    /// <summary>
    /// Replaces the snapshot by what <paramref name="change"/> makes of it, with the next revision; returns the new one.
    /// Nothing happens when the same snapshot comes back. <paramref name="change"/> must be quick and must not call back.
    /// </summary>
    public ClusterSnapshot Update(Func<ClusterSnapshot, ClusterSnapshot> change)
    {
        TaskCompletionSource signal;
        ClusterSnapshot next;
        lock (_gate)
        {
            next = change(_current);
            if (ReferenceEquals(next, _current))
            {
                return next;
            }

            next = next with { Revision = _current.Revision + 1 };
            _current = next;
            signal = _changed;
            _changed = NewSignal();
        }

        signal.SetResult();
        return next;
    }

    /// <summary>Waits for a snapshot newer than <paramref name="revision"/>; at once when there is one already.</summary>
    public async Task<ClusterSnapshot> WaitForNewerAsync(ulong revision, CancellationToken cancel)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (_current.Revision > revision)
                {
                    return _current;
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(cancel);
        }
    }

    /// <summary>The same, but gives up waiting after <paramref name="atMost"/> (null = never).</summary>
    public async Task WaitForNewerAsync(ulong revision, TimeSpan? atMost, TimeProvider time, CancellationToken cancel)
    {
        if (atMost is not TimeSpan limit)
        {
            await WaitForNewerAsync(revision, cancel);
            return;
        }

        // Timers may fire a little early.
        TimeSpan pause = (limit > TimeSpan.Zero ? limit : TimeSpan.Zero) + TimeSpan.FromMilliseconds(10);
        using CancellationTokenSource timer = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        await Task.WhenAny(WaitForNewerAsync(revision, timer.Token), Task.Delay(pause, time, timer.Token));
        await timer.CancelAsync();
        cancel.ThrowIfCancellationRequested();
    }

    /// <summary>Waits until <paramref name="condition"/> holds and returns that snapshot.</summary>
    public async Task<ClusterSnapshot> WaitUntilAsync(Func<ClusterSnapshot, bool> condition, CancellationToken cancel)
    {
        await foreach (ClusterSnapshot snapshot in WatchAsync(cancel))
        {
            if (condition(snapshot))
            {
                return snapshot;
            }
        }

        throw new OperationCanceledException(cancel);
    }

    /// <summary>The snapshot now, then the newest one after each change; a slow reader skips those in between.</summary>
    public async IAsyncEnumerable<ClusterSnapshot> WatchAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        ClusterSnapshot snapshot = Current;
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            yield return snapshot;
            snapshot = await WaitForNewerAsync(snapshot.Revision, cancel);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
