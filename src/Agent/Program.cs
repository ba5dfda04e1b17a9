using System.CommandLine;
using Microsoft.Extensions.Options;
using RpiAgent.Agent.Boot;
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
        root.SetAction((_, cancel) => RunDaemonAsync(cancel));
        ParseResult command = root.Parse(args);
        int exitCode = await command.InvokeAsync();
        return command.Errors.Count > 0 ? ExitCodes.Usage : exitCode;
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
