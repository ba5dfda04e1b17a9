using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>Makes one workload from one service of a Compose file.</summary>
internal static class ServiceReader
{
    /// <param name="once">Another service waits for this one to finish.</param>
    public static WorkloadSpec Read(string name, Section service, bool once, StackScope scope)
    {
        Section? deploy = service.Open("deploy", ComposeKeys.Deploy);
        string image = Image(service);
        Notices(service);
        Resources resources = DeployReader.Resources(service, deploy);
        (int replicas, bool global) = DeployReader.Copies(service, deploy);
        (string restart, int attempts) = DeployReader.Restart(service, deploy, once);
        (ImmutableArray<MountSpec> mounts, ImmutableArray<string> tmpfs) = MountReader.Read(service, scope);
        string? mode = NetworkReader.Mode(service);
        PlacementRules rules = DeployReader.Placement(deploy, PolicyReader.Read(service));
        if (service.Text("platform") is { } platform)
        {
            rules = Platform(rules, platform, service);
        }

        ImmutableSortedDictionary<string, string> labels = Labels(service, deploy, ref rules);
        ImmutableArray<string>.Builder environment = ImmutableArray.CreateBuilder<string>();
        foreach ((string entry, Place at) in EnvironmentReader.Read(service, scope))
        {
            if (SchedulingExpressions.IsOne(entry))
            {
                rules = SchedulingExpressions.FromEnvironment(rules, entry, at, service);
            }
            else
            {
                environment.Add(entry);
            }
        }

        ImmutableArray<PublishedPort> ports = PortReader.Ports(service);
        if (mode is not null && !ports.IsEmpty)
        {
            service.Problem("ports", $"nothing can be published with network_mode: {mode}{(mode == "host" ? "; the container's ports are the node's own" : "")}");
        }

        return new WorkloadSpec
        {
            Id = WorkloadId.Of(scope.Stack, name),
            Stack = scope.Stack,
            Service = name,
            Replicas = replicas,
            Global = global,
            DependsOn = DependencyReader.DependsOn(service, name, scope),
            Placement = rules,
            ReservedMemoryBytes = resources.ReservedMemory,
            ReservedMilliCpus = resources.ReservedCpus,
            Container = new ContainerTemplate
            {
                Image = image,
                Entrypoint = Command(service, "entrypoint"),
                Command = Command(service, "command"),
                Environment = environment.ToImmutable(),
                Labels = labels,
                Mounts = mounts,
                Tmpfs = tmpfs,
                Networks = mode is null ? NetworkReader.Networks(service, name, scope) : [],
                NetworkMode = mode,
                Ports = ports,
                Expose = PortReader.Exposed(service),
                RestartCondition = restart,
                RestartMaxAttempts = attempts,
                Health = HealthReader.Read(service),
                MemoryLimitBytes = resources.MemoryLimit,
                NanoCpus = resources.CpuLimit * 1_000_000,
                User = service.Text("user"),
                WorkingDir = service.Text("working_dir"),
                HostName = HostName(service),
                StopGrace = service.Duration("stop_grace_period"),
                StopSignal = service.Text("stop_signal"),
                Init = service.Flag("init") ?? false,
                ReadOnly = service.Flag("read_only") ?? false,
                Tty = service.Flag("tty") ?? false,
                CapAdd = [.. service.Texts("cap_add").Select(text => text.Value)],
                CapDrop = [.. service.Texts("cap_drop").Select(text => text.Value)],
                ExtraHosts = ExtraHosts(service),
            },
        };
    }

    private static string Image(Section service)
    {
        if (service.Scalar("image") is not { } image)
        {
            service.Report.Problem(service.At, service.Where, service.Has("build")
                ? "not supported: nothing is built here. Build the image first, load it with `rpictl image load`, and name it by `image:`"
                : "a service needs its `image:`");
            return "";
        }

        if (service.Has("build"))
        {
            service.Warn("build", $"nothing is built here: build {image.Value} first and load it with `rpictl image load`");
        }

        if (!ComposeValues.IsImage(image.Value))
        {
            service.Problem("image", $"'{image.Value}' is not an image's name");
        }

        return image.Value;
    }

    /// <summary>Null = the image's own; an empty list (<c>[]</c> or <c>""</c>) clears it.</summary>
    private static ImmutableArray<string>? Command(Section service, string key)
    {
        switch (service.Item(key))
        {
            case null:
                return null;
            case YamlText text:
                ImmutableArray<string>? words = ShellWords.Split(text.Value);
                if (words is null)
                {
                    service.Problem(key, "a quote is not closed");
                }

                return words;
            default:
                return [.. service.Texts(key).Select(text => text.Value)];
        }
    }

    private static ImmutableSortedDictionary<string, string> Labels(Section service, Section? deploy, ref PlacementRules rules)
    {
        ImmutableSortedDictionary<string, string>.Builder labels = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        // A service is its containers here, so labels of the service are labels of the containers; the container's own win.
        foreach ((string key, string? value, Place at) in (deploy?.Pairs("labels") ?? []).Concat(service.Pairs("labels")))
        {
            if (key is ContainerLabels.Stack or ContainerLabels.Workload or ContainerLabels.Replica or ContainerLabels.Hash || key.Length == 0)
            {
                service.Report.Problem(at, service.Path("labels"), $"the label '{key}' belongs to the cluster");
            }

            labels[key] = value ?? "";
            rules = SchedulingExpressions.FromLabel(rules, key, value ?? "", at, service);
        }

        return labels.ToImmutable();
    }

    private static PlacementRules Platform(PlacementRules rules, string platform, Section service)
    {
        string[] parts = platform.Split('/', 2);
        if (parts.Length != 2 || parts[0] != "linux" || parts[1].Length == 0 || !parts[1].All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '_'))
        {
            service.Problem("platform", $"'{platform}' is not a platform like linux/arm64 or linux/arm/v7");
            return rules;
        }

        return rules with { Constraints = rules.Constraints.Add($"architecture=={Architectures.EngineName(parts[1])}") };
    }

    private static string? HostName(Section service)
    {
        string? name = service.Text("hostname");
        if (name is not null && (name.Length > 63 || Uri.CheckHostName(name) != UriHostNameType.Dns))
        {
            service.Problem("hostname", $"'{name}' is not a host name");
        }

        return name;
    }

    /// <summary>As the engine takes them, <c>name:address</c>; Compose also allows <c>name=address</c> and a mapping.</summary>
    private static ImmutableArray<string> ExtraHosts(Section service)
    {
        List<string> hosts = [];
        IEnumerable<(string Text, Place At)> written = service.Item("extra_hosts") is YamlMap
            ? service.Pairs("extra_hosts").Select(pair => ($"{pair.Key}={pair.Value}", pair.At))
            : service.Texts("extra_hosts").Select(text => (text.Value, text.At));
        foreach ((string text, Place at) in written)
        {
            int cut = text.IndexOfAny(['=', ':']);
            string address = cut < 0 ? "" : text[(cut + 1)..].Trim('[', ']');
            if (cut <= 0 || (address != "host-gateway" && Uri.CheckHostName(address) is not (UriHostNameType.IPv4 or UriHostNameType.IPv6)))
            {
                service.Report.Problem(at, service.Path("extra_hosts"), $"'{text}' is not name:address");
                continue;
            }

            hosts.Add($"{text[..cut]}:{address}");
        }

        return [.. hosts];
    }

    private static void Notices(Section service)
    {
        if (service.Flag("stdin_open") == true)
        {
            service.Warn("stdin_open", "taken no notice of: nobody is attached in a cluster, input ends at once");
        }

        if (service.Text("pull_policy") is { } policy && policy is not ("missing" or "if_not_present" or "never"))
        {
            service.Warn("pull_policy", $"'{policy}' is taken as missing: an image is fetched where it is not present");
        }

        string? driver = service.Item("logging") is YamlMap logging ? (logging.Find("driver")?.Value as YamlText)?.Value : service.Text("log_driver");
        if (driver is not (null or "json-file" or "local" or "journald"))
        {
            service.Problem(service.Has("logging") ? "logging" : "log_driver", $"the driver '{driver}' is not supported: `rpictl stack logs` needs logs that the engine keeps; leave it out");
        }
        else if (service.Has("logging"))
        {
            service.Warn("logging", "taken no notice of: logs are kept as the node's Docker options say");
        }
    }
}
