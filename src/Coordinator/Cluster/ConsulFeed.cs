using System.Collections.Immutable;
using RpiAgent.Consul;

namespace RpiAgent.Coordinator.Cluster;

/// <summary>Follows one part of Consul by blocking queries and hands over each whole answer, in order. Survives every failure.</summary>
/// <param name="name">For messages.</param>
/// <param name="read">Asks, with the query's index and wait.</param>
/// <param name="apply">Takes an answer; if it throws, the answer counts as not read.</param>
internal sealed partial class ConsulFeed<T>(
    string name, Func<ConsulQuery, CancellationToken, Task<Indexed<T>>> read, Action<T> apply, TimeProvider time, ILogger log) : IFreshness
{
    private static readonly TimeSpan Wait = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private CancellationTokenSource? _asking;
    private ImmutableList<TaskCompletionSource> _waiting = [];

    /// <summary>Completes when an answer that was asked for after this call has been applied.</summary>
    public Task RefreshAsync(CancellationToken cancel)
    {
        TaskCompletionSource fresh = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _waiting = _waiting.Add(fresh);
            _asking?.Cancel();
        }

        return fresh.Task.WaitAsync(cancel);
    }

    public async Task RunAsync(CancellationToken cancel)
    {
        ulong index = 0;
        string? trouble = null;
        while (!cancel.IsCancellationRequested)
        {
            ImmutableList<TaskCompletionSource> served;
            using CancellationTokenSource asking = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            lock (_gate)
            {
                (served, _waiting, _asking) = (_waiting, [], asking);
            }

            try
            {
                ConsulQuery query = served.IsEmpty ? ConsulQuery.After(index, Wait) : new ConsulQuery(Consistency: Consistency.Consistent);
                Indexed<T> answer = await read(query, asking.Token);
                apply(answer.Value);
                index = answer.NextAfter(index);
                served.ForEach(fresh => fresh.TrySetResult());
                trouble = Recovered(trouble);
                continue;
            }
            catch (OperationCanceledException)
            {
                // Stopping, or asked to read again at once.
            }
            catch (Exception failure)
            {
                index = 0;
                trouble = Failing(trouble, failure);
                await Task.Delay(Retry, time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            finally
            {
                lock (_gate)
                {
                    _asking = null;
                }
            }

            lock (_gate)
            {
                _waiting = _waiting.AddRange(served);
            }
        }
    }

    private string Failing(string? before, Exception failure)
    {
        if (before == failure.Message)
        {
            return before;
        }

        if (failure is ConsulException)
        {
            LogFailing(log, name, failure.Message);
        }
        else
        {
            LogUnreadable(log, name, failure.Message);
        }

        return failure.Message;
    }

    private string? Recovered(string? trouble)
    {
        if (trouble is not null)
        {
            LogRecovered(log, name);
        }

        return null;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Cannot follow {Part} in Consul, trying on: {Reason}")]
    private static partial void LogFailing(ILogger log, string part, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "What Consul holds of {Part} cannot be read, so nothing of it is taken over: {Reason}")]
    private static partial void LogUnreadable(ILogger log, string part, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Follows {Part} in Consul again")]
    private static partial void LogRecovered(ILogger log, string part);
}

/// <summary>Can be told to read again now.</summary>
internal interface IFreshness
{
    Task RefreshAsync(CancellationToken cancel);
    Task RunAsync(CancellationToken cancel);
}
