using System.CommandLine;
using Microsoft.Extensions.Options;
using RpiAgent.Coordinator.Cli;
using RpiAgent.Coordinator.Setup;
using RpiAgent.Coordinator.Simulation;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator;

internal static class Program
{
    private static Task<int> Main(string[] args)
    {
        RootCommand root = new("rpi-coordinator: runs a cluster of Raspberry Pis. rpictl: tells it what to do.");
        root.Add(OnConfiguration("serve", "Lead or stand by; what systemd runs.", Serve.RunAsync));
        root.Add(OnConfiguration("init", "Make the cluster's CA, certificates and Consul configuration; leaves alone what is there.",
            (configuration, cancel) => SetupCommand.RunAsync(CoordinatorOptionsReader.Read(configuration), cancel)));
        root.Add(SimulateCommand.Create());
        foreach (Command command in RpiCtl.Commands())
        {
            root.Add(command);
        }

        // The daemon has as long to stop as systemd gives it.
        bool isDaemon = args is ["serve", ..];
        return RpiCtl.RunAsync(root, args, isDaemon ? new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(80) } : null);
    }

    /// <summary>A command that reads the coordinator's configuration; a bad one is told in full and gives 78.</summary>
    private static Command OnConfiguration(string name, string description, Func<IConfiguration, CancellationToken, Task<int>> run)
    {
        Option<string> file = new("--config")
        {
            Description = "Configuration file, JSON with a section \"Coordinator\"; environment Coordinator__NAME overrides it",
            DefaultValueFactory = _ => "/etc/rpi-coordinator/coordinator.json",
        };
        Command command = new(name, description) { file };
        command.SetAction(async (parsed, cancel) =>
        {
            string path = Path.GetFullPath(parsed.GetValue(file)!);
            try
            {
                IConfiguration configuration = new ConfigurationBuilder()
                    .AddJsonFile(path, optional: false)
                    .AddEnvironmentVariables()
                    .Build();
                return await run(configuration, cancel);
            }
            catch (FileNotFoundException)
            {
                return Tell($"{path} is missing: write it, or name another with --config");
            }
            catch (InvalidDataException bad)
            {
                return Tell($"{path}: {bad.InnerException?.Message ?? bad.Message}");
            }
            catch (SetupException bad)
            {
                return Tell(bad.Message);
            }
            catch (OptionsValidationException bad)
            {
                return Tell($"{path}: {string.Join($"\n{path}: ", bad.Failures)}");
            }
        });
        return command;
    }

    private static int Tell(string problem)
    {
        Console.Error.WriteLine(problem);
        return ExitCodes.Configuration;
    }
}
