using System.Runtime.CompilerServices;
using Google.Protobuf.WellKnownTypes;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Agent.Status;

/// <summary>The node's latest status. Watchers get it at once, at every change (several at a time if they are slow) and at least every ten seconds.</summary>
/// <param name="address">IPv4 now in use.</param>
/// <param name="load">Memory and load now.</param>
internal sealed class StatusBoard(string nodeId, Func<string> address, Func<SystemLoad> load, TimeProvider time)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);
    private readonly string _instance = Guid.NewGuid().ToString("N");
    private readonly Lock _gate = new();
    private NodeReport _report = new();
    private Wire.NodeStatus _content = new();
    private ulong _sequence = 1;
    private TaskCompletionSource _changed = New();
    private long _lastContact;

    public NodeReport Report
    {
        get
        {
            lock (_gate)
            {
                return _report;
            }
        }
    }

    /// <summary>Time since a watcher last took a status: the coordinator's last contact. Null when there was none.</summary>
    public TimeSpan? SinceContact => Volatile.Read(ref _lastContact) is var stamp and not 0 ? time.GetElapsedTime(stamp) : null;

    /// <summary>Changes what is told. Nothing happens when the outcome says the same as before.</summary>
    public void Update(Func<NodeReport, NodeReport> change)
    {
        TaskCompletionSource? waiting = null;
        lock (_gate)
        {
            _report = change(_report);
            Wire.NodeStatus content = _report.ToStatus(nodeId, address());
            if (!content.Equals(_content))
            {
                _content = content;
                _sequence++;
                (waiting, _changed) = (_changed, New());
            }
        }

        waiting?.SetResult();
    }

    /// <summary>Marks a word from the coordinator.</summary>
    public void Contact() => Volatile.Write(ref _lastContact, time.GetTimestamp());

    public Wire.NodeStatus Now()
    {
        lock (_gate)
        {
            return Snapshot();
        }
    }

    public async IAsyncEnumerable<Wire.NodeStatus> WatchAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            Task changed;
            Wire.NodeStatus status;
            lock (_gate)
            {
                changed = _changed.Task;
                status = Snapshot();
            }

            yield return status;
            Contact();
            await WaitAsync(changed, cancel);
        }
    }

    private async Task WaitAsync(Task changed, CancellationToken cancel)
    {
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        await Task.WhenAny(changed, Task.Delay(Longest, time, over.Token));
        await over.CancelAsync();
    }

    private Wire.NodeStatus Snapshot()
    {
        SystemLoad now = load();
        Wire.NodeStatus status = _report.ToStatus(nodeId, address());
        status.Instance = _instance;
        status.Sequence = _sequence;
        status.SentAt = Timestamp.FromDateTimeOffset(time.GetUtcNow());
        status.MemoryAvailableBytes = now.MemoryAvailableBytes;
        status.Load1 = now.Load1;
        return status;
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
