using System.CommandLine;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Cli;

/// <summary>Options that every command of rpictl takes.</summary>
internal static class CommonOptions
{
    public static readonly Option<string> Coordinator = new("--coordinator")
    {
        Description = "Address of a coordinator; it names the leader if it does not lead itself",
        HelpName = "https://HOST:PORT",
        Recursive = true,
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("RPICTL_COORDINATOR") is { Length: > 0 } url ? url : $"https://127.0.0.1:{Ports.Coordinator}",
    };

    public static readonly Option<string> Credentials = new("--credentials")
    {
        Description = "Folder with operator.pem, operator.key and ca.pem",
        HelpName = "DIR",
        Recursive = true,
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("RPICTL_CREDENTIALS") is { Length: > 0 } folder ? folder : "/var/lib/rpi-coordinator",
    };

    public static readonly Option<bool> Json = new("--json") { Description = "Print the result as JSON", Recursive = true };

    public static void AddTo(Command command)
    {
        command.Add(Coordinator);
        command.Add(Credentials);
        command.Add(Json);
    }

    /// <summary>What the command does, given a terminal and a way to the coordinator; refusals become one line and an exit code.</summary>
    public static Command Does(this Command command, Func<ParseResult, Terminal, Connection, CancellationToken, Task<int>> work)
    {
        command.SetAction(async (parsed, cancel) =>
        {
            Terminal terminal = new(parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error, parsed.GetValue(Json));
            try
            {
                using Connection connection = Connection.Open(parsed.GetValue(Coordinator)!, parsed.GetValue(Credentials)!);
                return await work(parsed, terminal, connection, cancel);
            }
            catch (CliFailure failure)
            {
                terminal.Say(failure.Message);
                return failure.ExitCode;
            }
        });
        return command;
    }
}

/// <summary>The command cannot be done; the message says why and what to do.</summary>
internal sealed class CliFailure(int exitCode, string message, Exception? inner = null) : Exception(message, inner)
{
    public int ExitCode { get; } = exitCode;
}
