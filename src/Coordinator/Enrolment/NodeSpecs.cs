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

        DockerSpec docker = new();
        docker.Options.AddRange(options.DockerOptions);
        return new NodeSpec
        {
            Name = node.Name,
            Network = network,
            Docker = docker,
            Consul = new ConsulSpec { Url = options.ConsulNodeUrl.GetLeftPart(UriPartial.Authority), Token = node.ConsulSecret },
        };
    }
}
