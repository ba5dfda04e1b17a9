using System.Collections.Immutable;
using RpiAgent.Coordinator.Scheduling;

namespace RpiAgent.Coordinator.Simulation;

/// <summary>Reads <c>nodes[]</c> and <c>containers[]</c> of a case.</summary>
internal static class NodeReader
{
    private const int FailuresUntilUnhealthy = 3;

    private static readonly string[] s_node =
    [
        "name", "id", "addr", "labels", "cpus", "memory", "healthy", "failures", "state", "storageDriver", "kernelVersion", "operatingSystem", "osType",
        "images", "networks", "containers", "architecture", "alsoRuns", "drained",
    ];

    private static readonly string[] s_container =
    [
        "id", "name", "names", "image", "labels", "cpus", "memory", "ports", "actualPorts", "network", "expose", "state", "swarmID", "pending", "group",
    ];

    public static PlacementNode Node(CaseValue value, List<string> unread)
    {
        CaseReader.Unread(value, s_node, unread);
        string name = value["name"].RequiredText();
        long failures = value["failures"].Whole(0, 0);
        string state = value["state"].Text("healthy");
        if (name.Length == 0)
        {
            throw value["name"].Wrong("a node needs a name");
        }
        return new()
        {
            Name = name,
            Id = value["id"].Text(name),
            Address = value["addr"].Text(),
            Labels = value["labels"].Map(),
            MilliCpus = value["cpus"].MilliCpus(0),
            MemoryBytes = value["memory"].Whole(0, 0),
            Health = value["healthy"].Flag(true) && state != "unhealthy" ? Health(failures) : 0,
            Pending = state == "pending",
            Closed = value["drained"].Flag(false) ? "drained" : null,
            StorageDriver = value["storageDriver"].Text(),
            KernelVersion = value["kernelVersion"].Text(),
            OperatingSystem = value["operatingSystem"].Text(),
            OsType = value["osType"].Text("linux"),
            Architecture = value["architecture"].Text(),
            AlsoRuns = value["alsoRuns"].Texts(),
            WithoutMemoryLimits = !value["memoryLimit"].Flag(true),
            Images = [.. value["images"].List().Select(i => new PlacementImage(i["id"].Text(), i["tags"].Texts()))],
            Networks = [.. value["networks"].List().Select(n => new PlacementNetwork(n["id"].Text(), n["name"].Text(), n["scope"].Text("local") == "local"))],
            Containers = [.. value["containers"].List().Select(c => Container(c, unread))],
        };
    }

    public static ImmutableArray<PortBinding> Ports(CaseValue value) =>
        [.. value.List().Select(p => PortBinding.Parse(p.RequiredText(), out string problem) ?? throw p.Wrong($"'{p.Text()}': {problem}"))];

    public static int Health(long failures) => failures >= FailuresUntilUnhealthy ? 0 : (int)(100 - (failures * 100 / FailuresUntilUnhealthy));

    private static PlacedContainer Container(CaseValue value, List<string> unread)
    {
        CaseReader.Unread(value, s_container, unread);
        string name = value["name"].Text();
        string state = value["state"].Text("running");
        return new()
        {
            Id = value["id"].Text(),
            Names = [.. value["names"].Texts().Prepend(name).Where(n => n.Length > 0).Select(n => n.TrimStart('/'))],
            ClusterId = value["swarmID"].Text(),
            Labels = value["labels"].Map(),
            Group = value["group"].Text(),
            MilliCpus = value["cpus"].MilliCpus(0),
            MemoryBytes = value["memory"].Whole(0, 0),
            Ports = Ports(value["ports"]),
            ActualPorts = Ports(value["actualPorts"]),
            Expose = Ports(value["expose"]),
            HostNetwork = value["network"].Text() == "host",
            InFlight = value["pending"].Flag(false),
            Exited = state switch
            {
                "exited" or "dead" or "removing" => true,
                "running" or "paused" or "restarting" or "created" => false,
                _ => throw value["state"].Bad("running or exited"),
            },
        };
    }
}
