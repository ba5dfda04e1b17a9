using System.CommandLine;
using RpiAgent.Protos;

namespace RpiAgent.Agent;

internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        RootCommand root = new("The agent of a Raspberry Pi in a cluster: without a verb, the daemon that systemd runs.")
        {
            NodeConfig.Cli.NetworkCommand.Create(),
        };
        ParseResult command = root.Parse(args);
        int exitCode = await command.InvokeAsync().ConfigureAwait(false);
        return command.Errors.Count > 0 ? ExitCodes.Usage : exitCode;
    }
}
