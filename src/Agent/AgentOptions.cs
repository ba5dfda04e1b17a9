using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace RpiAgent.Agent;

/// <summary>
/// Options of the agent: section <c>RpiAgent</c> of /etc/rpi-agent/agent.json, overridden by environment <c>RpiAgent__NAME</c>.
/// Every path hangs under <see cref="Root"/>.
/// </summary>
internal sealed class AgentOptions
{
    public const string Section = "RpiAgent";

    /// <summary>Where the system's files are; "/" but in tests.</summary>
    [Required]
    public string Root { get; set; } = "/";

    /// <summary>Identity, held assignment, network transactions. Mode 0700.</summary>
    [Required]
    public string StateDirectory { get; set; } = "/var/lib/rpi-agent";

    /// <summary>Locks and sockets; gone after a reboot.</summary>
    [Required]
    public string RunDirectory { get; set; } = "/run/rpi-agent";

    /// <summary>Folder with serial-number, model and compatible, as the kernel shows it.</summary>
    [Required]
    public string DeviceTree { get; set; } = "/proc/device-tree";

    /// <summary>Made by clone-guard.sh on a copied card; docker does not start while it is there.</summary>
    [Required]
    public string CloneMark { get; set; } = "/run/rpi-agent-clone";

    /// <summary>The engine's data.</summary>
    [Required]
    public string DockerRoot { get; set; } = "/var/lib/docker";

    /// <summary>The engine's unix socket.</summary>
    [Required]
    public string DockerSocket { get; set; } = "/var/run/docker.sock";

    /// <summary>TCP port of the gRPC server.</summary>
    [Range(1, 65535)]
    public int Port { get; set; } = Protos.Ports.Agent;

    /// <summary>Seconds the coordinator has to confirm an address change before the old files come back.</summary>
    [Range(30, 600)]
    public int NetworkConfirmSeconds { get; set; } = 120;

    /// <summary>Seconds between two heartbeats to Consul; the check's time to live is three of them. Two boards with one identity are heard in turn every three beats, and a coordinator takes a minute without that for the end of it.</summary>
    [Range(1, 15)]
    public int HeartbeatSeconds { get; set; } = 5;

    /// <summary>Seconds to wait for the clock to be set before enrolling with an unset clock; only where a service is there to set it.</summary>
    [Range(0, 600)]
    public int ClockWaitSeconds { get; set; } = 60;

    /// <summary>Joins also from a root that forgets everything at the next boot: as a new node each time, with a token that is left on the card.</summary>
    public bool AllowEphemeral { get; set; }

    /// <summary>A path of the system, moved under <see cref="Root"/>.</summary>
    public string Under(string absolutePath) => Root == "/" ? absolutePath : Path.Join(Root, absolutePath);

    /// <summary>A path inside <see cref="StateDirectory"/>, under <see cref="Root"/>.</summary>
    public string State(string relativePath) => Path.Join(Under(StateDirectory), relativePath);
}

[OptionsValidator]
internal sealed partial class AgentOptionsValidator : IValidateOptions<AgentOptions>;
