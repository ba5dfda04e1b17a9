using System.CommandLine;

namespace RpiAgent.Agent;

internal static class Program
{
    private static Task<int> Main(string[] args)
    {
        RootCommand root = new("The agent of a Raspberry Pi in a cluster: without a verb, the daemon that systemd runs.");
        return root.Parse(args).InvokeAsync();
    }
}
