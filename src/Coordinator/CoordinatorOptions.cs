using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator;

/// <summary>
/// Options of the coordinator: section <c>Coordinator</c> of /etc/rpi-coordinator/coordinator.json, overridden by environment <c>Coordinator__NAME</c>.
/// </summary>
internal sealed class CoordinatorOptions
{
    public const string Section = "Coordinator";

    /// <summary>The CA, certificates, Consul's configuration. Mode 0700.</summary>
    [Required]
    public string StateDirectory { get; set; } = "/var/lib/rpi-coordinator";

    /// <summary>Id in this coordinator's certificate: lower-case letters, digits, hyphens.</summary>
    [Required, RegularExpression("^[a-z0-9-]{1,63}$")]
    public string Id { get; set; } = "coordinator";

    /// <summary>IPv4 at which the Pis reach this machine. Required.</summary>
    public string AdvertiseAddress { get; set; } = "";

    /// <summary>TCP port of the gRPC server.</summary>
    [Range(1, 65535)]
    public int Port { get; set; } = Ports.Coordinator;

    [ValidateObjectMembers]
    public ConsulServerOptions Consul { get; set; } = new();

    [ValidateObjectMembers]
    public NetworkOptions Network { get; set; } = new();

    /// <summary>Names of nodes nobody named: this and a number from 1.</summary>
    [Required]
    public string NodeNamePrefix { get; set; } = "pi";

    /// <summary>Words for DOCKER_OPTS of every node; empty leaves the file alone.</summary>
    public string[] DockerOptions { get; set; } = [];

    /// <summary>Where the networks of stacks get their addresses from, each 256 of them. Keep it out of every network that nodes, or those who call their ports, are in. A swarm keeps what it was made with.</summary>
    [Required]
    public string OverlayPool { get; set; } = "10.202.0.0/16";

    /// <summary>Opens TLS port 2376 of every node's engine to those with a certificate of the CA for Docker clients, which `init` then makes: they are root on the nodes.</summary>
    public bool DockerTls { get; set; }

    /// <summary>PEM of that CA; read from the state directory, never configured. Empty without <see cref="DockerTls"/>.</summary>
    internal string DockerClients { get; set; } = "";

    /// <summary>What is fixed for single nodes.</summary>
    public NodeOptions[] Nodes { get; set; } = [];

    /// <summary>How replicas are placed: spread, binpack or random.</summary>
    [Required, RegularExpression("^(spread|binpack|random)$")]
    public string Strategy { get; set; } = "spread";

    /// <summary>Filters in order: health, port, containerslots, dependency, affinity, constraint, whitelist; empty = all of them.</summary>
    public string[] Filters { get; set; } = [];

    /// <summary>Share of a node's memory and cores that may be reserved beyond what it has: 0.05 = 5 %; below 0 keeps a share back.</summary>
    [Range(-0.99, 10)]
    public double OverCommit { get; set; } = 0.05;

    /// <summary>Days a node's certificate is valid; it is renewed after a third of them.</summary>
    [Range(90, 825)]
    public int NodeCertificateDays { get; set; } = 365;

    /// <summary>Days the certificates of coordinator, Consul and operator are valid; `init` makes new ones in the last half.</summary>
    [Range(90, 825)]
    public int ServerCertificateDays { get; set; } = 730;

    /// <summary>Hours a join token lives unless its maker says otherwise.</summary>
    [Range(1, 8760)]
    public int TokenHours { get; set; } = 24;

    /// <summary>Nodes that may join with one token unless its maker says otherwise.</summary>
    [Range(1, 1000)]
    public int TokenUses { get; set; } = 1;

    /// <summary>Consul as this process reaches it.</summary>
    public Uri ConsulUrl => new(Consul.Url.Length > 0 ? Consul.Url : $"https://127.0.0.1:{Consul.Port}");

    /// <summary>Consul as nodes reach it.</summary>
    public Uri ConsulNodeUrl => new(Consul.NodeUrl.Length > 0 ? Consul.NodeUrl : $"https://{AdvertiseAddress}:{Consul.Port}");

    /// <summary>A path inside <see cref="StateDirectory"/>.</summary>
    public string State(string relativePath) => Path.Join(StateDirectory, relativePath);
}

/// <summary>The Consul server beside this coordinator.</summary>
internal sealed class ConsulServerOptions
{
    /// <summary>Where the coordinator itself reaches it; empty = https://127.0.0.1:PORT.</summary>
    public string Url { get; set; } = "";

    /// <summary>Where nodes reach it; empty = https://ADVERTISE-ADDRESS:PORT.</summary>
    public string NodeUrl { get; set; } = "";

    /// <summary>Its HTTPS port.</summary>
    [Range(1, 65535)]
    public int Port { get; set; } = Ports.ConsulHttps;

    [Required, RegularExpression("^[a-z0-9-]{1,63}$")]
    public string Datacenter { get; set; } = "dc1";

    /// <summary>Where Consul finds the files that `init` made for it.</summary>
    [Required]
    public string RunDirectory { get; set; } = "/run/rpi-consul";

    [Required]
    public string DataDirectory { get; set; } = "/var/lib/rpi-consul";
}

/// <summary>Addresses the nodes get. Without a pool nodes keep DHCP, but for those that <see cref="CoordinatorOptions.Nodes"/> gives an address.</summary>
internal sealed class NetworkOptions
{
    /// <summary>First and last IPv4 to allot, e.g. 192.168.1.101-192.168.1.120. Keep it out of the router's DHCP range.</summary>
    public string Pool { get; set; } = "";

    [Range(1, 30)]
    public int PrefixLength { get; set; } = 24;

    /// <summary>IPv4 of the router; empty = none.</summary>
    public string Gateway { get; set; } = "";

    /// <summary>Up to three IPv4 of name servers.</summary>
    public string[] Dns { get; set; } = [];
}

/// <summary>One node, known by serial or MAC (or, with neither, by its name), and what it gets.</summary>
internal sealed class NodeOptions
{
    /// <summary>As in /proc/device-tree/serial-number.</summary>
    public string Serial { get; set; } = "";

    /// <summary>b8:27:eb:…</summary>
    public string Mac { get; set; } = "";

    /// <summary>RFC 1123 label; empty = allotted.</summary>
    public string Name { get; set; } = "";

    /// <summary>IPv4 in the network of the pool; empty = allotted.</summary>
    public string Address { get; set; } = "";
}

[OptionsValidator]
internal sealed partial class CoordinatorOptionsValidator : IValidateOptions<CoordinatorOptions>;
