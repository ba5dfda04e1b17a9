using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Enrolment;

/// <summary>A node's wanted configuration from its record and the cluster's options.</summary>
internal static class NodeSpecs
{
    /// <param name="networkInterface">Interface to configure; empty = the one the node enrolled from.</param>
    public static NodeSpec For(NodeRecord node, CoordinatorOptions options, string networkInterface)
    {
        NetworkSpec network = new() { Interface = networkInterface, Method = node.Address is null ? "dhcp" : "static" };
        if (node.Address is not null)
        {
            network.Address = node.Address;
            network.Gateway = options.Network.Gateway;
            network.Dns.AddRange(options.Network.Dns);
        }

        // The certificate is part of the configuration where the engine shows it: to take a new one the engine restarts, one node at a time.
        DockerSpec docker = new() { TlsClients = options.DockerClients, TlsCertificate = options.DockerClients.Length > 0 ? node.CertificateSerial : "" };
        docker.Options.AddRange(options.DockerOptions);
        NodeSpec spec = new()
        {
            Name = node.Name,
            Network = network,
            Docker = docker,
            Consul = new ConsulSpec { Url = options.ConsulNodeUrl.GetLeftPart(UriPartial.Authority), Token = node.ConsulSecret },
        };
        spec.Revision = RevisionOf(spec, node.ConfigAttempt);
        return spec;
    }

    /// <summary>The same for the same configuration. Interface and credentials do not count: they come with the node.</summary>
    private static string RevisionOf(NodeSpec spec, int attempt)
    {
        NodeSpec counted = spec.Clone();
        counted.Consul = null;
        counted.Network.Interface = "";
        byte[] text = [.. counted.ToByteArray(), .. Encoding.ASCII.GetBytes(attempt.ToString(CultureInfo.InvariantCulture))];
        return Convert.ToHexStringLower(SHA256.HashData(text))[..12];
    }
}
