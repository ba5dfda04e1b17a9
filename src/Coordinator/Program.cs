using System.CommandLine;

namespace RpiAgent.Coordinator;

internal static class Program
{
    private static Task<int> Main(string[] args)
    {
        RootCommand root = new("rpi-coordinator: runs a cluster of Raspberry Pis. rpictl: tells it what to do.");
        return root.Parse(args).InvokeAsync();
    }
}
