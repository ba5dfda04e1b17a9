using System.Collections.Immutable;
using System.Globalization;
using Docker.DotNet.Models;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Containers;

/// <summary>Between our containers and the engine's words, both ways.</summary>
internal static class EngineMapping
{
    /// <summary>Joins one network at creation (the engine's API takes no more); see <see cref="LaterNetworks"/>.</summary>
    public static CreateContainerParameters ToCreate(DesiredReplica desired, string image)
    {
        ContainerSpec spec = desired.Container;
        return new CreateContainerParameters
        {
            Name = desired.Name,
            Image = image,
            Entrypoint = List(spec.Entrypoint)!, // null: the image's own
            Cmd = List(spec.Command)!,
            Env = [.. spec.Environment],
            Labels = Labels(desired),
            User = spec.User,
            WorkingDir = spec.WorkingDir,
            Hostname = spec.HostName,
            Tty = spec.Tty,
            StopSignal = spec.StopSignal.Length > 0 ? spec.StopSignal : null,
            StopTimeout = spec.StopGrace,
            Healthcheck = spec.Health is { } health ? ToEngine(health) : null,
            ExposedPorts = spec.Ports.Select(Key).Concat(spec.Expose.Select(port => port.Contains('/') ? port : $"{port}/tcp")).Distinct(StringComparer.Ordinal)
                .ToDictionary(port => port, _ => default(EmptyStruct)),
            HostConfig = ToHostConfig(spec),
            NetworkingConfig = FirstNetwork(spec) is { } first
                ? new NetworkingConfig { EndpointsConfig = new Dictionary<string, EndpointSettings> { [first.Name] = ToEngine(first) } }
                : null,
        };
    }

    /// <summary>Networks to be connected between creation and start.</summary>
    public static IEnumerable<(string Network, NetworkConnectParameters Parameters)> LaterNetworks(ContainerSpec spec, string containerId) =>
        spec.NetworkMode.Length > 0
            ? []
            : spec.Networks.Skip(1).Select(network => (network.Name, new NetworkConnectParameters { Container = containerId, EndpointConfig = ToEngine(network) }));

    /// <summary>Whose container this is, by its labels; null when it is not ours.</summary>
    public static ReplicaId? ReplicaOf(IDictionary<string, string>? labels) =>
        labels is not null
        && labels.TryGetValue(ContainerLabels.Workload, out string? workload) && workload.Length > 0
        && labels.TryGetValue(ContainerLabels.Replica, out string? index)
        && int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0
            ? new ReplicaId(new WorkloadId(workload), number)
            : null;

    public static ObservedContainer FromEngine(ContainerListResponse listed) => new()
    {
        Id = listed.ID,
        Name = listed.Names?.FirstOrDefault()?.TrimStart('/') ?? listed.ID,
        Replica = ReplicaOf(listed.Labels),
        State = StateOf(listed.State),
        SpecHash = listed.Labels?.TryGetValue(ContainerLabels.Hash, out string? hash) == true && hash is not null ? hash : "",
        ImageId = listed.ImageID,
        Ports = Ports(listed.Ports),
        Volumes = [.. (listed.Mounts ?? []).Where(mount => mount.Type == "volume").Select(mount => mount.Name ?? "")],
    };

    /// <summary>Adds what only an inspection tells.</summary>
    public static ObservedContainer WithDetails(ObservedContainer listed, ContainerInspectResponse details) => listed with
    {
        State = details.State is { } state ? StateOf(state.Status) : listed.State,
        Health = details.State?.Health?.Status is { } health and not "none" ? health : "",
        ExitCode = (int)(details.State?.ExitCode ?? 0),
        Error = details.State?.Error ?? "",
        StartedAt = Moment(details.State?.StartedAt),
        Restarts = (int)details.RestartCount,
        StopGrace = details.Config?.StopTimeout ?? TimeSpan.FromSeconds(10),
        // A stopped container shows no ports in the list; it still wants them.
        Ports = listed.Ports.IsEmpty ? Ports(details.HostConfig?.PortBindings) : listed.Ports,
        Networks = [.. details.NetworkSettings?.Networks?.Keys ?? Enumerable.Empty<string>()],
    };

    private static Dictionary<string, string> Labels(DesiredReplica desired)
    {
        Dictionary<string, string> labels = new(desired.Container.Labels, StringComparer.Ordinal)
        {
            [ContainerLabels.Stack] = desired.Stack,
            [ContainerLabels.Workload] = desired.Id.Workload.Value,
            [ContainerLabels.Replica] = desired.Id.Index.ToString(CultureInfo.InvariantCulture),
            [ContainerLabels.Hash] = desired.SpecHash,
        };
        return labels;
    }

    private static HostConfig ToHostConfig(ContainerSpec spec) => new()
    {
        NetworkMode = spec.NetworkMode.Length > 0 ? spec.NetworkMode : FirstNetwork(spec)?.Name ?? "default",
        RestartPolicy = ToEngine(spec.Restart),
        PortBindings = spec.Ports.GroupBy(Key, StringComparer.Ordinal).ToDictionary(
            group => group.Key,
            IList<PortBinding> (group) =>
            [
                .. group.Select(port => new PortBinding
                {
                    HostIP = port.HostIp,
                    HostPort = port.HostPort == 0 ? "" : port.HostPort.ToString(CultureInfo.InvariantCulture),
                }),
            ]),
        Mounts = [.. spec.Mounts.Select(mount => new Mount { Type = mount.Type, Source = mount.Type == "tmpfs" ? null : mount.Source, Target = mount.Target, ReadOnly = mount.ReadOnly })],
        Tmpfs = spec.Tmpfs.Select(entry => entry.Split(':', 2)).ToDictionary(parts => parts[0], parts => parts.Length > 1 ? parts[1] : ""),
        Memory = spec.MemoryBytes,
        MemoryReservation = spec.MemoryReservationBytes,
        NanoCPUs = spec.NanoCpus,
        Init = spec.Init ? true : null,
        ReadonlyRootfs = spec.ReadOnly,
        CapAdd = [.. spec.CapAdd],
        CapDrop = [.. spec.CapDrop],
        ExtraHosts = [.. spec.ExtraHosts],
    };

    private static NetworkUse? FirstNetwork(ContainerSpec spec) => spec.NetworkMode.Length > 0 ? null : spec.Networks.FirstOrDefault();

    private static EndpointSettings ToEngine(NetworkUse network) => new() { Aliases = [.. network.Aliases] };

    private static HealthcheckConfig ToEngine(HealthProbe probe) => new()
    {
        Test = [.. probe.Test],
        Interval = probe.Interval,
        Timeout = probe.Timeout,
        StartPeriod = probe.StartPeriod,
        Retries = probe.Retries,
    };

    /// <summary>The engine restarts by itself: also after a reboot, before the agent is up.</summary>
    private static RestartPolicy ToEngine(RestartRule rule) => rule.Condition switch
    {
        RestartCondition.No => new RestartPolicy { Name = RestartPolicyKind.No },
        RestartCondition.OnFailure => new RestartPolicy { Name = RestartPolicyKind.OnFailure, MaximumRetryCount = rule.MaxAttempts },
        RestartCondition.Always => new RestartPolicy { Name = RestartPolicyKind.Always },
        _ => new RestartPolicy { Name = RestartPolicyKind.UnlessStopped },
    };

    private static IList<string>? List(ImmutableArray<string>? words) => words is { } given ? [.. given] : null;

    private static string Key(PublishedPort port) => $"{port.ContainerPort}/{port.Protocol}";

    private static ContainerState StateOf(string? state) => state switch
    {
        "created" => ContainerState.Created,
        "running" => ContainerState.Running,
        "paused" => ContainerState.Paused,
        "restarting" => ContainerState.Restarting,
        "removing" => ContainerState.Removing,
        "exited" => ContainerState.Exited,
        _ => ContainerState.Dead,
    };

    private static ImmutableArray<PublishedPort> Ports(IEnumerable<PortSummary>? ports) =>
    [
        .. (ports ?? []).Where(port => port.PublicPort is > 0)
            .Select(port => new PublishedPort(port.IP ?? "", port.PublicPort ?? 0, port.PrivatePort, port.Type)),
    ];

    private static ImmutableArray<PublishedPort> Ports(IDictionary<string, IList<PortBinding>>? bindings) =>
    [
        .. (bindings ?? new Dictionary<string, IList<PortBinding>>()).SelectMany(pair => (pair.Value ?? []).Select(binding => new PublishedPort(
            binding.HostIP ?? "",
            int.TryParse(binding.HostPort, NumberStyles.None, CultureInfo.InvariantCulture, out int port) ? port : 0,
            int.Parse(pair.Key.Split('/')[0], CultureInfo.InvariantCulture),
            pair.Key.Split('/')[1]))).Where(port => port.HostPort > 0),
    ];

    /// <summary>The engine writes year 1 for never.</summary>
    private static DateTimeOffset? Moment(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset moment) && moment.Year > 1 ? moment : null;
}
