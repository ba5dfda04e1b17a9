namespace RpiAgent.Protos;

/// <summary>TCP ports of the cluster.</summary>
public static class Ports
{
    public const int Agent = 7443;
    public const int Coordinator = 7444;
    public const int ConsulHttps = 8501;
    /// <summary>Of the engines, where the coordinator's options ask for it.</summary>
    public const int DockerTls = 2376;

    /// <summary>What a port of every node is for, when no replica can have it; else null.</summary>
    public static string? Reserved(int port, string protocol) => (port, protocol) switch
    {
        (Agent, "tcp") => "the agent's",
        (DockerTls, "tcp") => "the Docker engine's",
        (2377, "tcp") or (7946, "tcp" or "udp") or (4789, "udp") => "Swarm's",
        _ => null,
    };
}

/// <summary>Keys in Consul's store.</summary>
public static class ConsulKeys
{
    public const string Leader = "rpi/leader";
    public const string Nodes = "rpi/nodes/";
    public const string Stacks = "rpi/stacks/";
    public const string Workloads = "rpi/workloads/";
    public const string Assignments = "rpi/assignments/";
    public const string Volumes = "rpi/volumes/";
    public const string Swarm = "rpi/swarm";
    public const string Tokens = "rpi/tokens/";
    public const string Ssh = "rpi/ssh";
    public const string Rollout = "rpi/rollout";
}

/// <summary>The service under which agents register, and the keys of its metadata.</summary>
public static class ConsulService
{
    public const string Name = "rpi-agent";
    public static string IdOf(NodeId node) => $"{Name}-{node}";
}

/// <summary>Labels by which an agent knows its own containers; containers without them are never touched.</summary>
public static class ContainerLabels
{
    public const string Stack = "rpi.stack";
    public const string Workload = "rpi.workload";
    public const string Replica = "rpi.replica";
    public const string Hash = "rpi.hash";
}

/// <summary>Exit codes, from sysexits.h.</summary>
public static class ExitCodes
{
    public const int Ok = 0;
    public const int Usage = 64;
    public const int Unreachable = 69;
    public const int Bug = 70;
    public const int Io = 74;
    public const int Refused = 77;
    public const int Configuration = 78;
}
