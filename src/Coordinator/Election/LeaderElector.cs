using System.Diagnostics;
using System.Text;
using RpiAgent.Consul;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Election;

/// <summary>
/// Competes for the leader key and runs the terms. Only it writes the key, and it never deletes it: LockIndex would start again.
/// </summary>
/// <param name="address">host:port at which rpictl and agents reach this coordinator; the key's value.</param>
internal sealed partial class LeaderElector(
    ConsulClient consul, TermRunner runner, ClusterState state, string address, ElectionTimings timings, TimeProvider time, ILogger<LeaderElector> log)
{
    private bool _consulFailing;

    /// <summary>Until cancelled; then steps down and gives the lock back, so that another can lead at once.</summary>
    /// <param name="aloneHere">
    /// No other process of this machine can hold the lock under this address (it has the state directory's lock): a lock left by a killed
    /// predecessor is given back at once.
    /// </param>
    public async Task RunAsync(bool aloneHere, CancellationToken cancel)
    {
        ElectionState current = new NoSession();
        ElectionEvent happened = new Woke(Now());
        bool inherited = !aloneHere;
        try
        {
            while (!cancel.IsCancellationRequested)
            {
                if (!inherited)
                {
                    inherited = await TryAsync(() => ReleasePredecessorAsync(cancel), cancel);
                }

                (current, ElectionAction action) = ElectionRules.Step(current, happened, timings);
                happened = await PerformAsync(current, action, cancel);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Leaving.
        }
        finally
        {
            await runner.EndAsync("this coordinator stops");
            await LeaveAsync(SessionOf(current));
        }
    }

    private async Task<ElectionEvent> PerformAsync(ElectionState current, ElectionAction action, CancellationToken cancel)
    {
        TimeSpan sentAt = Now();
        try
        {
            switch (action)
            {
                case MakeSession:
                    string session = await consul.Sessions.CreateAsync(
                        new SessionRequest { Name = $"rpi-coordinator {address}", TimeToLive = timings.TimeToLive, LockDelay = timings.LockDelay }, cancel);
                    Recovered();
                    return new SessionMade(session, sentAt, Now());
                case Acquire acquire:
                    return await AcquireAsync(acquire.Session, cancel);
                case Renew renew:
                    return await RenewAsync(renew.Session, current is Leading, sentAt, cancel);
                case GiveBack back:
                    await consul.KeyValue.ReleaseAsync(ConsulKeys.Leader, Encoding.UTF8.GetBytes(address), back.Session, cancel);
                    return new GivenBack(Now());
                case BeginTerm begin:
                    runner.Begin(begin.Session, begin.Epoch, Left(begin.Until), address);
                    return new TermStands(Now());
                case ExtendTerm extend:
                    runner.Extend(Left(extend.Until));
                    return new TermStands(Now());
                case EndTerm end:
                    await runner.EndAsync(end.Reason);
                    return new Woke(Now());
                case Rest rest:
                    await Task.Delay(Left(rest.Until), time, cancel);
                    return new Woke(Now());
                default:
                    throw new UnreachableException($"{action}");
            }
        }
        catch (ConsulException gone) when (gone.Fault == ConsulFault.InvalidSession)
        {
            return new SessionGone(Now());
        }
        catch (ConsulException failure)
        {
            Failing(failure);
            return new CallFailed(Now());
        }
    }

    private async Task<ElectionEvent> AcquireAsync(string session, CancellationToken cancel)
    {
        // Asking costs Consul nothing; every try to acquire is a write to its log.
        KvEntry? key = await consul.KeyValue.GetAsync(ConsulKeys.Leader, cancel);
        bool taken = (key?.Session is null || key.Session == session)
            && await consul.KeyValue.AcquireAsync(ConsulKeys.Leader, Encoding.UTF8.GetBytes(address), session, cancel);
        if (taken)
        {
            key = (await consul.KeyValue.GetAsync(ConsulKeys.Leader, new ConsulQuery(Consistency: Consistency.Consistent), cancel)).Value;
        }

        Recovered();
        if (taken && key?.Session == session)
        {
            return new LockTaken(key.LockIndex, Now());
        }

        string leader = key is { Session: not null } ? Encoding.UTF8.GetString(key.Value.Span) : "";
        if (state.Current.Leader.Address != leader)
        {
            state.Update(snapshot => snapshot with { Leader = snapshot.Leader with { Address = leader, Epoch = key?.LockIndex ?? 0, Here = false } });
            LogFollows(leader.Length == 0 ? "nobody yet" : leader);
        }

        return new LockRefused(Now());
    }

    /// <summary>Both calls are given up when the lease would be over anyway.</summary>
    private async Task<ElectionEvent> RenewAsync(string session, bool leading, TimeSpan sentAt, CancellationToken cancel)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(timings.RenewEvery);
        try
        {
            if (!await consul.Sessions.RenewAsync(session, limit.Token))
            {
                return new SessionGone(Now());
            }

            KvEntry? key = leading ? await consul.KeyValue.GetAsync(ConsulKeys.Leader, limit.Token) : null;
            Recovered();
            return leading && key?.Session != session ? new LockLost(Now()) : new Renewed(sentAt, Now());
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new CallFailed(Now());
        }
    }

    private async Task ReleasePredecessorAsync(CancellationToken cancel)
    {
        KvEntry? key = await consul.KeyValue.GetAsync(ConsulKeys.Leader, cancel);
        if (key is { Session: string session } && Encoding.UTF8.GetString(key.Value.Span) == address)
        {
            await consul.KeyValue.ReleaseAsync(ConsulKeys.Leader, key.Value, session, cancel);
            LogInherited(session);
        }
    }

    private async Task LeaveAsync(string? session)
    {
        if (session is null)
        {
            return;
        }

        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(2), time);
        try
        {
            await consul.KeyValue.ReleaseAsync(ConsulKeys.Leader, Encoding.UTF8.GetBytes(address), session, limit.Token);
            await consul.Sessions.DestroyAsync(session, limit.Token);
        }
        catch (Exception failure) when (failure is ConsulException or OperationCanceledException)
        {
            LogLeft(failure.Message);
        }
    }

    private async Task<bool> TryAsync(Func<Task> call, CancellationToken cancel)
    {
        try
        {
            await call();
            return true;
        }
        catch (ConsulException failure)
        {
            Failing(failure);
            await Task.Delay(timings.Retry, time, cancel);
            return false;
        }
    }

    private static string? SessionOf(ElectionState state) => state switch
    {
        Candidate candidate => candidate.Session,
        Leading leading => leading.Session,
        Deposed deposed => deposed.Session,
        _ => null,
    };

    private TimeSpan Now() => time.GetElapsedTime(0);

    private TimeSpan Left(TimeSpan until) => until - Now() is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

    private void Failing(ConsulException failure)
    {
        if (!_consulFailing)
        {
            _consulFailing = true;
            LogFailing(failure.Message);
        }
    }

    private void Recovered()
    {
        if (_consulFailing)
        {
            _consulFailing = false;
            LogRecovered();
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Stands by; the leader is {Leader}")]
    private partial void LogFollows(string leader);

    [LoggerMessage(Level = LogLevel.Information, Message = "Gave back the lock that a predecessor on this machine left behind (session {Session})")]
    private partial void LogInherited(string session);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The election has no Consul, trying on: {Reason}")]
    private partial void LogFailing(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "The election has Consul again")]
    private partial void LogRecovered();

    [LoggerMessage(Level = LogLevel.Information, Message = "Left without giving the lock back: {Reason}")]
    private partial void LogLeft(string reason);
}
