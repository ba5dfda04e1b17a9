using System.Collections.Immutable;
using Google.Protobuf;
using RpiAgent.Protos;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Agent.Containers;

/// <summary>Where wire types stop: assignments in, container states out.</summary>
internal static class ProtoMapping
{
    /// <exception cref="AssignmentException">With the replica and what is wrong with it.</exception>
    public static Assignment FromWire(Wire.Assignment wire)
    {
        if (wire.NodeId.Length == 0 || wire.Version is null)
        {
            throw new AssignmentException("the assignment names no node or no version");
        }

        ImmutableArray<DesiredReplica> replicas = [.. wire.Replicas.Select(FromWire)];
        ReplicaId? twice = replicas.GroupBy(replica => replica.Id).Where(group => group.Count() > 1).Select(group => (ReplicaId?)group.Key).FirstOrDefault();
        return twice is null
            ? new Assignment(new NodeId(wire.NodeId), new AssignmentVersion(wire.Version.Epoch, wire.Version.Generation), replicas, wire.ToByteArray())
            : throw new AssignmentException($"replica {twice} is in the assignment twice");
    }

    /// <exception cref="AssignmentException">Not an assignment.</exception>
    public static Assignment Decode(ReadOnlyMemory<byte> encoded)
    {
        try
        {
            return FromWire(Wire.Assignment.Parser.ParseFrom(encoded.Span));
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new AssignmentException($"not an assignment: {e.Message}");
        }
    }

    public static Wire.AssignmentVersion? ToWire(AssignmentVersion? version) =>
        version is { } known ? new Wire.AssignmentVersion { Epoch = known.Epoch, Generation = known.Generation } : null;

    public static Wire.ContainerStatus ToWire(ContainerReport report)
    {
        Wire.ContainerStatus status = new()
        {
            Workload = report.Workload,
            Index = (uint)report.Index,
            ContainerId = report.ContainerId,
            ImageId = report.ImageId,
            SpecHash = report.SpecHash,
            State = report.State,
            Health = report.Health,
            Message = report.Message,
            ExitCode = report.ExitCode,
            Restarts = (uint)report.Restarts,
            Foreign = report.Foreign,
            StartedAt = report.StartedAt is { } started ? Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(started) : null,
        };
        status.Ports.AddRange(report.Ports.Select(port => new Wire.PortBinding
        {
            HostIp = port.HostIp,
            HostPort = (uint)port.HostPort,
            ContainerPort = (uint)port.ContainerPort,
            Protocol = port.Protocol,
        }));
        return status;
    }

    private static DesiredReplica FromWire(Wire.Replica wire)
    {
        ReplicaId id = new(new WorkloadId(wire.Workload), (int)wire.Index);
        if (wire.Workload.Length == 0 || wire.Index is 0 or > int.MaxValue)
        {
            throw new AssignmentException($"replica '{wire.Workload}.{wire.Index}' has no workload or no index from 1");
        }

        if (wire.SpecHash.Length == 0)
        {
            throw new AssignmentException($"replica {id} has no spec_hash");
        }

        if (wire.Container is not { Image.Length: > 0 })
        {
            throw new AssignmentException($"replica {id} names no image");
        }

        return new DesiredReplica(
            id,
            wire.Stack,
            FromWire(wire.Container, id),
            wire.SpecHash,
            [.. wire.ImageSources.Select(source => new ImageSource(new NodeId(source.NodeId), source.Address))],
            [.. wire.StartsAfter.Select(name => new WorkloadId(name))]);
    }

    private static ContainerSpec FromWire(Wire.ContainerSpec wire, ReplicaId id) => new()
    {
        Name = wire.Name,
        Image = wire.Image,
        ImageId = wire.ImageId,
        Entrypoint = wire.EntrypointSet ? [.. wire.Entrypoint] : null,
        Command = wire.CommandSet ? [.. wire.Command] : null,
        Environment = [.. wire.Environment],
        Labels = wire.Labels.ToImmutableSortedDictionary(StringComparer.Ordinal),
        Mounts = [.. wire.Mounts.Select(mount => new MountSpec(mount.Type, mount.Source, mount.Target, mount.ReadOnly))],
        Networks = [.. wire.Networks.Select(network => new NetworkUse(network.Name, [.. network.Aliases]))],
        Ports = [.. wire.Ports.Select(port => FromWire(port, id))],
        Restart = FromWire(wire.Restart, id),
        Health = wire.Health is null ? null : FromWire(wire.Health),
        MemoryBytes = wire.MemoryBytes,
        MemoryReservationBytes = wire.MemoryReservationBytes,
        NanoCpus = wire.NanoCpus,
        User = wire.User,
        WorkingDir = wire.WorkingDir,
        HostName = wire.HostName,
        StopGrace = wire.StopGrace?.ToTimeSpan() ?? TimeSpan.FromSeconds(10),
        StopSignal = wire.StopSignal,
        Init = wire.Init,
        ReadOnly = wire.ReadOnly,
        Tty = wire.Tty,
        CapAdd = [.. wire.CapAdd],
        CapDrop = [.. wire.CapDrop],
        ExtraHosts = [.. wire.ExtraHosts],
        Expose = [.. wire.Expose],
        Tmpfs = [.. wire.Tmpfs],
        NetworkMode = wire.NetworkMode,
    };

    private static PublishedPort FromWire(Wire.PortBinding wire, ReplicaId id) =>
        wire is { HostPort: <= 65535, ContainerPort: > 0 and <= 65535 }
            ? new PublishedPort(wire.HostIp, (int)wire.HostPort, (int)wire.ContainerPort, wire.Protocol.Length > 0 ? wire.Protocol : "tcp")
            : throw new AssignmentException($"replica {id} publishes port {wire.HostPort}:{wire.ContainerPort}, which is none");

    private static RestartRule FromWire(Wire.RestartPolicy? wire, ReplicaId id) => wire?.Condition switch
    {
        null or "" or "unless-stopped" => RestartRule.UnlessStopped,
        "always" => new RestartRule(RestartCondition.Always, 0),
        "on-failure" => new RestartRule(RestartCondition.OnFailure, (int)wire.MaxAttempts),
        "no" => new RestartRule(RestartCondition.No, 0),
        _ => throw new AssignmentException($"replica {id} has the restart condition '{wire.Condition}'; known are no, on-failure, always, unless-stopped"),
    };

    private static HealthProbe FromWire(Wire.HealthCheck wire) => new(
        [.. wire.Test],
        wire.Interval?.ToTimeSpan(),
        wire.Timeout?.ToTimeSpan(),
        wire.StartPeriod?.ToTimeSpan(),
        wire.Retries > 0 ? (int)wire.Retries : null);
}

/// <summary>An assignment cannot be understood; nothing of it is used.</summary>
internal sealed class AssignmentException(string message) : Exception(message);
