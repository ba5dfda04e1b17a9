using System.CommandLine;
<<<<<<< HEAD
=======
using Microsoft.Extensions.Options;
using RpiAgent.Agent.Boot;
>>>>>>> 7bae9d7 (wip)
using RpiAgent.Protos;

namespace RpiAgent.Agent;

internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
<<<<<<< HEAD
        RootCommand root = new("The agent of a Raspberry Pi in a cluster: without a verb, the daemon that systemd runs.")
        {
            NodeConfig.Cli.NetworkCommand.Create(),
        };
        ParseResult command = root.Parse(args);
        int exitCode = await command.InvokeAsync().ConfigureAwait(false);
        return command.Errors.Count > 0 ? ExitCodes.Usage : exitCode;
=======
        RootCommand root = new("The agent of a Raspberry Pi in a cluster: without a verb, the daemon that systemd runs.");
        root.SetAction((_, cancel) => RunDaemonAsync(cancel));
        return root.Parse(args).InvokeAsync();
>>>>>>> 7bae9d7 (wip)
    }

    private static async Task<int> RunDaemonAsync(CancellationToken cancel)
    {
        const string path = "/etc/rpi-agent/agent.json";
        try
        {
            IConfiguration configuration = new ConfigurationBuilder()
                .AddJsonFile(path, optional: true)
                .AddEnvironmentVariables()
                .Build();
            return await AgentDaemon.RunAsync(configuration, cancel);
        }
        catch (InvalidDataException bad)
        {
            await Console.Error.WriteLineAsync($"{path}: {bad.InnerException?.Message ?? bad.Message}");
            return ExitCodes.Configuration;
        }
        catch (OptionsValidationException bad)
        {
            await Console.Error.WriteLineAsync($"{path} or environment RpiAgent__*: {string.Join("; ", bad.Failures)}");
            return ExitCodes.Configuration;
        }
    }
}
