using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Cluster;

/// <summary>What agents say, in our own types.</summary>
internal static class StatusMapping
{
    public static NodeStatusView From(Wire.NodeStatus wire) => new()
    {
        Held = wire.Held is { } held ? new AssignmentVersion(held.Epoch, held.Generation) : null,
        Containers = [.. wire.Containers.Select(From)],
        Images = [.. wire.Images.Select(From)],
        Swarm = From(wire.Swarm ?? new Wire.SwarmStatus()),
        EngineUp = wire.EngineUp,
        EngineError = wire.EngineError,
        Warnings = [.. wire.Warnings],
        MemoryAvailableBytes = (long)wire.MemoryAvailableBytes,
        Load1 = wire.Load1,
        Address = Ipv4.TryParse(wire.Address, out _) ? wire.Address : "", // it ends up in tables and files of operators
        Instance = wire.Instance,
        Config = wire.Config is { } config ? new ConfigView(config.Revision, config.State, config.Detail) : ConfigView.Unknown,
        Ssh = wire.Ssh is { } ssh ? new SshView(ssh.Revision, ssh.State, [.. ssh.Problems], [.. ssh.HostKeys]) : SshView.Unknown,
    };

    public static NodeDescriptionView From(Wire.NodeDescription wire)
    {
        Wire.EngineInfo engine = wire.Engine ?? new Wire.EngineInfo();
        return new NodeDescriptionView(
            wire.AgentVersion, engine.Version, engine.Architecture, engine.Os, (int)engine.Cpus, (long)engine.MemoryBytes, engine.MemoryLimit,
            engine.StorageDriver, engine.KernelVersion, engine.OperatingSystem, Labels(engine.Labels))
        {
            StartedAt = wire.StartedAt?.ToDateTimeOffset(),
            Interface = wire.Network?.Interface ?? "",
            Method = wire.Network?.Method ?? "",
        };
    }

    public static ImageView From(Wire.ImageStatus wire) => new(wire.Id, [.. wire.Tags], (long)wire.SizeBytes, wire.Architecture);

    private static ContainerView From(Wire.ContainerStatus wire) => new(
        wire.Foreign ? null : new ReplicaId(new WorkloadId(wire.Workload), (int)wire.Index),
        wire.ContainerId, wire.ImageId, wire.SpecHash, wire.State, wire.Health, wire.Message, wire.ExitCode,
        wire.StartedAt?.ToDateTimeOffset(), (int)wire.Restarts, wire.Foreign, wire.Workload,
        [.. wire.Ports.Select(port => new PublishedPort(port.HostIp, (int)port.HostPort, (int)port.ContainerPort, port.Protocol))]);

    private static SwarmView From(Wire.SwarmStatus wire) => new()
    {
        // An agent that has just started has not looked yet: that is not "in no swarm".
        State = wire.State.Length == 0 ? "unknown" : wire.State,
        SwarmNodeId = wire.NodeId,
        ClusterId = wire.ClusterId,
        Manager = wire.Manager,
        Leader = wire.Leader,
        Address = wire.Address,
        Error = wire.Error,
        Peers = [.. wire.Peers.Select(peer => new SwarmPeerView(
            peer.NodeId, peer.HostName, peer.Address, peer.Role == "manager", peer.State, peer.Leader, peer.Reachability, peer.Availability))],
        Networks = [.. wire.Networks.Select(network => new SwarmNetworkView(
            network.Id, network.Name, network.Labels.ToImmutableSortedDictionary(StringComparer.Ordinal)))],
    };

    /// <summary>Engine labels come as KEY=VALUE.</summary>
    private static ImmutableSortedDictionary<string, string> Labels(IEnumerable<string> labels) => labels
        .Select(label => label.Split('=', 2))
        .GroupBy(parts => parts[0], StringComparer.Ordinal)
        .ToImmutableSortedDictionary(group => group.Key, group => group.Last() is [_, var value] ? value : "", StringComparer.Ordinal);
}
