using System.Collections.Immutable;
using Google.Protobuf.WellKnownTypes;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Dispatch;

/// <summary>A stored assignment as it goes to the agent, with the peers that hold the images the node lacks.</summary>
internal static class AssignmentMapping
{
    private const int MostSources = 5;

    public static Wire.ApplyRequest ToWire(NodeAssignment assignment, ClusterSnapshot cluster, ImageIndex images)
    {
        Wire.Assignment wire = new()
        {
            NodeId = assignment.Node.Value,
            Version = new Wire.AssignmentVersion { Epoch = assignment.Version.Epoch, Generation = assignment.Version.Generation },
        };
        NodeView? node = cluster.Nodes.GetValueOrDefault(assignment.Node);
        wire.Replicas.Add(assignment.Replicas.Select(replica => ToWire(replica, node, images)));
        return new Wire.ApplyRequest { Assignment = wire };
    }

    /// <summary>Peers of the same architecture that hold an image; none when the node has it. The lightest loaded come first.</summary>
    public static ImmutableArray<HeldImage> SourcesFor(NodeView? node, string image, ImageIndex images)
    {
        if (node is null || images.On(node.Id, image) is not null)
        {
            return [];
        }

        HeldImage[] fitting = [.. images.Holders(image).Where(held =>
            held.Node.Ready && held.Node.Endpoint is not null && held.Node.Description?.EngineArchitecture == node.Description?.EngineArchitecture)];
        // All sources must mean the same image: that of which there are most.
        IGrouping<string, HeldImage>? most = fitting
            .GroupBy(held => held.Image.Id, StringComparer.Ordinal)
            .OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal)
            .FirstOrDefault();
        return most is null ? [] : [.. most.OrderBy(held => Math.Round(held.Node.Status!.Load1)).ThenBy(held => held.Node.Id).Take(MostSources)];
    }

    private static Wire.Replica ToWire(AssignedReplica replica, NodeView? node, ImageIndex images)
    {
        ImmutableArray<HeldImage> sources = SourcesFor(node, replica.Container.Image, images);
        Wire.Replica wire = new()
        {
            Workload = replica.Id.Workload.Value,
            Index = (uint)replica.Id.Index,
            Stack = replica.Stack,
            SpecHash = replica.SpecHash,
            Container = ContainerMapping.ToWire(replica.Container),
        };
        wire.Container.ImageId = sources.IsEmpty ? "" : sources[0].Image.Id;
        wire.ImageSources.Add(sources.Select(source => new Wire.ImageSource { NodeId = source.Node.Id.Value, Address = source.Node.Endpoint }));
        wire.StartsAfter.Add(replica.StartsAfter.Select(workload => workload.Value));
        return wire;
    }
}

/// <summary>A container's template on the wire.</summary>
internal static class ContainerMapping
{
    public static Wire.ContainerSpec ToWire(ContainerTemplate from)
    {
        Wire.ContainerSpec wire = new()
        {
            Image = from.Image,
            EntrypointSet = from.Entrypoint is not null,
            CommandSet = from.Command is not null,
            Restart = new Wire.RestartPolicy { Condition = from.RestartCondition, MaxAttempts = (uint)from.RestartMaxAttempts },
            MemoryBytes = from.MemoryLimitBytes,
            NanoCpus = from.NanoCpus,
            User = from.User ?? "",
            WorkingDir = from.WorkingDir ?? "",
            HostName = from.HostName ?? "",
            StopGrace = from.StopGrace?.ToDuration(),
            StopSignal = from.StopSignal ?? "",
            Init = from.Init,
            ReadOnly = from.ReadOnly,
            Tty = from.Tty,
            NetworkMode = from.NetworkMode ?? "",
            Health = from.Health is { } health ? ToWire(health) : null,
        };
        wire.Entrypoint.Add(from.Entrypoint ?? []);
        wire.Command.Add(from.Command ?? []);
        wire.Environment.Add(from.Environment);
        wire.Labels.Add(from.Labels);
        wire.Mounts.Add(from.Mounts.Select(mount => new Wire.Mount { Type = mount.Type, Source = mount.Source, Target = mount.Target, ReadOnly = mount.ReadOnly }));
        wire.Networks.Add(from.Networks.Select(network => new Wire.NetworkAttachment { Name = network.Name, Aliases = { network.Aliases } }));
        wire.Ports.Add(from.Ports.Select(port => new Wire.PortBinding
        {
            HostIp = port.HostIp, HostPort = (uint)port.HostPort, ContainerPort = (uint)port.ContainerPort, Protocol = port.Protocol,
        }));
        wire.CapAdd.Add(from.CapAdd);
        wire.CapDrop.Add(from.CapDrop);
        wire.ExtraHosts.Add(from.ExtraHosts);
        wire.Expose.Add(from.Expose);
        wire.Tmpfs.Add(from.Tmpfs);
        return wire;
    }

    private static Wire.HealthCheck ToWire(HealthProbe from) => new()
    {
        Test = { from.Test },
        Interval = from.Interval?.ToDuration(),
        Timeout = from.Timeout?.ToDuration(),
        StartPeriod = from.StartPeriod?.ToDuration(),
        Retries = (uint)(from.Retries ?? 0),
    };
}
