using System.CommandLine;
using Microsoft.Extensions.Options;
using RpiAgent.Agent.Boot;
using RpiAgent.Protos;

namespace RpiAgent.Agent;

internal static class Program
{
    /// <summary>A change under way is brought to a safe end first; then systemd's own patience (90 s) decides.</summary>
    private static readonly TimeSpan ToStop = TimeSpan.FromSeconds(80);

    private static async Task<int> Main(string[] args)
    {
        RootCommand root = new("The agent of a Raspberry Pi in a cluster: without a verb, the daemon that systemd runs.")
        {
            NodeConfig.Cli.NetworkCommand.Create(),
            Boot.ResetIdentityCommand.Create(),
            Boot.StatusCommand.Create(),
            Boot.Card.CardFileCommand.Create(),
            Ssh.KeyFileCommand.Create(),
            Boot.AdoptHardwareCommand.Create(),
        };
        root.SetAction((_, cancel) => RunDaemonAsync(cancel));
        ParseResult command = root.Parse(args);
        int exitCode = await GuardAsync(() => command.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = ToStop }));
        return command.Errors.Count > 0 ? ExitCodes.Usage : exitCode;
    }

    private static Task<int> RunDaemonAsync(CancellationToken cancel) => AgentDaemon.RunAsync(AgentConfiguration.Load(), cancel);

    /// <summary>Options that cannot be used end every verb in the same way.</summary>
    private static async Task<int> GuardAsync(Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (InvalidDataException bad)
        {
            await Console.Error.WriteLineAsync($"{AgentConfiguration.FilePath}: {bad.InnerException?.Message ?? bad.Message}");
            return ExitCodes.Configuration;
        }
        catch (OptionsValidationException bad)
        {
            await Console.Error.WriteLineAsync($"{AgentConfiguration.FilePath} or environment RpiAgent__*: {string.Join("; ", bad.Failures)}");
            return ExitCodes.Configuration;
        }
    }
}
