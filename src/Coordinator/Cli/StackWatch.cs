using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Cli;

/// <summary>Waits until a deployed stack has settled, and says what it waits for.</summary>
internal sealed class StackWatch(Connection connection, Terminal terminal, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(400);
    /// <summary>A failure may be repaired by the next try; after so long without one it counts.</summary>
    private static readonly TimeSpan FailedFor = TimeSpan.FromSeconds(30);

    /// <returns>Whether every replica runs (or has done its work), and how they are.</returns>
    public async Task<(bool Complete, IReadOnlyList<ReplicaInfo> Replicas)> UntilSettledAsync(string stack, TimeSpan patience, CancellationToken cancel)
    {
        long begun = time.GetTimestamp();
        long? failing = null;
        Dictionary<string, string> told = new(StringComparer.Ordinal);
        while (true)
        {
            IReadOnlyList<ReplicaInfo> replicas = (await StackCommands.ReplicasAsync(connection, stack, cancel)).Replicas;
            ReplicaInfo[] open = [.. replicas.Where(replica => !Settled(replica))];
            if (open.Length == 0 && replicas.Count > 0)
            {
                return (true, replicas);
            }

            Tell(replicas, told);
            terminal.Progress($"{replicas.Count - open.Length} of {replicas.Count} run; waiting for {string.Join(", ", open.Take(5).Select(replica => $"{Name(replica)} ({replica.State})"))}");
            failing = open.Length > 0 && open.All(replica => replica.State == "failed") ? failing ?? time.GetTimestamp() : null;
            if (failing is { } since && time.GetElapsedTime(since) > FailedFor)
            {
                terminal.Say($"{string.Join(", ", open.Select(Name))} failed; see: rpictl stack logs {stack}");
                return (false, replicas);
            }

            if (time.GetElapsedTime(begun) > patience)
            {
                terminal.Say($"Not everything runs after {patience.TotalSeconds:0} s: {string.Join(", ", open.Select(replica => $"{Name(replica)} is {replica.State}"))}. It goes on; see: rpictl stack ps {stack}");
                return (false, replicas);
            }

            await Task.Delay(Pause, time, cancel);
        }
    }

    /// <summary>It runs and its health check, if any, agrees; or its work is done.</summary>
    internal static bool Settled(ReplicaInfo replica) =>
        replica is { State: "running", Health: "" or "healthy" or "none", Message: not "to be replaced by its new version" } or { State: "exited" };

    /// <summary>Each replica's reason to wait, once.</summary>
    private void Tell(IEnumerable<ReplicaInfo> replicas, Dictionary<string, string> told)
    {
        foreach (ReplicaInfo replica in replicas.Where(replica => replica.State is "pending" or "failed" && replica.Message.Length > 0))
        {
            string line = $"{Name(replica)} is {replica.State}: {StackCommands.Why(replica)}";
            if (told.GetValueOrDefault(Name(replica)) != line)
            {
                told[Name(replica)] = line;
                terminal.Say(line);
            }
        }
    }

    private static string Name(ReplicaInfo replica) => $"{replica.Service}.{replica.Index}";
}
