using System.Globalization;
using System.Runtime.CompilerServices;
using Docker.DotNet;
using Docker.DotNet.Models;
using RpiAgent.Agent.Engine;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Containers;

/// <summary><paramref name="Data"/> is a copy the reader may keep.</summary>
internal readonly record struct LogPiece(bool Stderr, ReadOnlyMemory<byte> Data);

/// <summary><paramref name="Tail"/> 0 = everything.</summary>
internal readonly record struct LogQuery(ReplicaId Replica, bool Follow, int Tail, bool Timestamps);

/// <summary>What a replica's container has written.</summary>
internal sealed class ContainerLogs(DockerEngine engine, ContainerObserver observer)
{
    private const int PieceBytes = 32 * 1024;

    /// <returns>The id of the container that is or was the replica, or null when there is none.</returns>
    public async Task<string?> FindAsync(ReplicaId replica, CancellationToken cancel) =>
        (await observer.ContainersAsync(cancel)).Where(container => container.Replica == replica)
            .OrderByDescending(container => container.State == ContainerState.Running).FirstOrDefault()?.Id;

    /// <summary>Ends with the container when following.</summary>
    public async IAsyncEnumerable<LogPiece> ReadAsync(string containerId, LogQuery query, [EnumeratorCancellation] CancellationToken cancel)
    {
        ContainerLogsParameters parameters = new()
        {
            ShowStdout = true,
            ShowStderr = true,
            Follow = query.Follow,
            Timestamps = query.Timestamps,
            Tail = query.Tail == 0 ? "all" : query.Tail.ToString(CultureInfo.InvariantCulture),
        };
        using MultiplexedStream stream = await engine.Containers.LogsAsync(containerId, parameters, cancel);
        byte[] buffer = new byte[PieceBytes];
        while (true)
        {
            MultiplexedStream.ReadResult read = await stream.ReadOutputAsync(buffer, 0, buffer.Length, cancel);
            if (read.EOF)
            {
                yield break;
            }

            yield return new LogPiece(read.Target == MultiplexedStream.TargetStream.StandardError, buffer.AsMemory(0, read.Count).ToArray());
        }
    }
}
