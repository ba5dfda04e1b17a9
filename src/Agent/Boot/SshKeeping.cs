using System.Collections.Immutable;
using RpiAgent.Agent.Enrolment;
using RpiAgent.Agent.Grpc;
using RpiAgent.Agent.Ssh;
using RpiAgent.Agent.Status;
using RpiAgent.Protos;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Agent.Boot;

/// <summary>Keeps the operators' keys on this node as they were ordered last, and tells how that went and by which keys this node's sshd is known.</summary>
internal sealed partial class SshKeeping(
    AgentOptions options, SshKeys keys, SshOrders orders, CurrentNode node, StatusBoard board, TimeProvider time, ILogger<SshKeeping> log) : BackgroundService
{
    /// <summary>Host keys are made anew by a first boot or by hand, while we run.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    /// <summary>A user may be created later; each further failure doubles it.</summary>
    private static readonly TimeSpan AfterFailure = TimeSpan.FromMinutes(1);

    /// <summary>Somebody may take away lines of ours.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    /// <summary>How long after a failure the next try is due.</summary>
    /// <param name="last">What this said of the failure before; zero when that one succeeded.</param>
    public static TimeSpan Pause(TimeSpan last, bool isOrdered) =>
        isOrdered || last == default ? AfterFailure : last * 2 > Longest ? Longest : last * 2;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        bool isDue = true;
        long applied = 0;
        TimeSpan failing = default;
        bool isOrdered = true;
        string told = "";
        while (!stoppingToken.IsCancellationRequested)
        {
            if (isDue)
            {
                SshOutcome outcome = await TryApplyAsync(stoppingToken);
                applied = time.GetTimestamp();
                failing = outcome.Applied ? default : Pause(failing, isOrdered);
                string problems = string.Join("; ", outcome.Problems);
                if (problems.Length > 0 && problems != told)
                {
                    LogProblems(problems);
                }

                told = problems;
            }

            ImmutableArray<string> hostKeys = HostKeys.Read(options);
            if (!board.Report.Ssh.HostKeys.SequenceEqual(hostKeys))
            {
                Tell(status => Replace(status.HostKeys, hostKeys));
            }

            isOrdered = await orders.WaitAsync(Look, stoppingToken);
            isDue = isOrdered || time.GetElapsedTime(applied) > (failing == default ? Longest : failing);
        }
    }

    private async Task<SshOutcome> TryApplyAsync(CancellationToken cancel)
    {
        SshOutcome outcome;
        string revision = "";
        try
        {
            if (node.Current.Spec.Ssh is { } enrolled && SavedKeys.Load(options).Revision is null)
            {
                await keys.SaveAsync(saved => saved with { Revision = enrolled.Revision, Cluster = SshOrders.ByUser(enrolled.Keys.Select(key => (key.User, new OrderedKey(key.Id, key.Key)))) }, cancel);
            }

            revision = SavedKeys.Load(options).Revision ?? "";
            outcome = await keys.ApplyAsync(cancel);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            outcome = new SshOutcome(false, false, [$"E_SSH_FILE: {e.Message}"]);
        }

        if (outcome.Changed)
        {
            LogChanged(revision);
        }

        Tell(status =>
        {
            (status.Revision, status.State) = (revision, outcome.Applied ? "applied" : "failed");
            Replace(status.Problems, outcome.Problems);
        });
        return outcome;
    }

    private void Tell(Action<Wire.SshStatus> change) => board.Update(report =>
    {
        Wire.SshStatus next = report.Ssh.Clone();
        change(next);
        return report with { Ssh = next };
    });

    private static void Replace(Google.Protobuf.Collections.RepeatedField<string> field, ImmutableArray<string> values)
    {
        field.Clear();
        field.AddRange(values);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The keys that let operators in were changed (revision {Revision})")]
    private partial void LogChanged(string revision);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The keys that let operators in: {Problems}")]
    private partial void LogProblems(string problems);
}

/// <summary>Orders about keys, noted on disk before they are answered and carried out by <see cref="SshKeeping"/>.</summary>
internal sealed class SshOrders(SshKeys keys) : IDisposable
{
    private readonly SemaphoreSlim _came = new(0);

    /// <exception cref="NodeRefusedException">An id or key that cannot be used.</exception>
    public async Task TakeAsync(Wire.SshSpec spec, CancellationToken cancel)
    {
        if (spec.Users.SelectMany(user => user.Keys).FirstOrDefault(key => !SshMarker.IsId(key.Id)) is { } unnamed)
        {
            throw new NodeRefusedException($"'{unnamed.Id}' is not the id of a key");
        }

        await keys.SaveAsync(
            saved => saved with
            {
                Revision = spec.Revision,
                Forced = [.. spec.Forced],
                Cluster = ByUser(spec.Users.SelectMany(user => user.Keys.Select(key => (user.Name, new OrderedKey(key.Id, key.Key))))),
            },
            cancel);
        _came.Release();
    }

    /// <returns>False when none came in that time.</returns>
    public Task<bool> WaitAsync(TimeSpan limit, CancellationToken cancel) => _came.WaitAsync(limit, cancel);

    public static ImmutableArray<UserKeys> ByUser(IEnumerable<(string User, OrderedKey Key)> keys) =>
        [.. keys.GroupBy(key => key.User, StringComparer.Ordinal).Select(user => new UserKeys(user.Key, [.. user.Select(key => key.Key)]))];

    public void Dispose() => _came.Dispose();
}
