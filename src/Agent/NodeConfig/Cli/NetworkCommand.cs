using System.CommandLine;

namespace RpiAgent.Agent.NodeConfig.Cli;

/// <summary><c>rpi-agent network …</c>: look at and change how this node gets its address.</summary>
internal static class NetworkCommand
{
    public static Command Create()
    {
        Command network = new("network", "How this node gets its IPv4 address.");
        network.Subcommands.Add(NetworkPlanCommand.Create());
        foreach (Command command in NetworkSetCommand.Create())
        {
            network.Subcommands.Add(command);
        }

        return network;
    }
}
