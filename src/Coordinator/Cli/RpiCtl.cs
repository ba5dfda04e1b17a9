using System.CommandLine;
using System.CommandLine.Parsing;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Cli;

/// <summary>The operator's commands. Results go to the output, words to the error stream; exit codes are those of sysexits.</summary>
internal static class RpiCtl
{
    public static RootCommand CreateRootCommand()
    {
        RootCommand root = new("rpictl: tells a cluster of Raspberry Pis what to do.");
        foreach (Command command in Commands())
        {
            root.Add(command);
        }

        return root;
    }

    /// <summary>The verbs right below the root, for a program that has more of them.</summary>
    public static IEnumerable<Command> Commands()
    {
        foreach (Command command in (Command[])[
            TokenCommands.Create(), CardCommands.Create(), NodeCommands.Create(), SwarmCommands.Create(), RolloutCommands.Create(), SshKeyCommands.Create(), StackCommands.Create(), ImageCommands.Create(), VersionCommand.Create()])
        {
            CommonOptions.AddTo(command);
            yield return command;
        }
    }

    /// <summary>Runs a command line; also of a root with further commands.</summary>
    /// <returns>64 when the words make no sense, 70 when the program failed, else what the command says.</returns>
    public static async Task<int> RunAsync(RootCommand root, string[] arguments, InvocationConfiguration? configuration = null, CancellationToken cancel = default)
    {
        configuration ??= new InvocationConfiguration();
        configuration.EnableDefaultExceptionHandler = false;
        ParseResult parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            foreach (ParseError problem in parsed.Errors)
            {
                await configuration.Error.WriteLineAsync(problem.Message);
            }

            await configuration.Error.WriteLineAsync($"See: {CommandPath(parsed.CommandResult)} --help");
            return ExitCodes.Usage;
        }

        try
        {
            return await parsed.InvokeAsync(configuration, cancel);
        }
        catch (OperationCanceledException)
        {
            return 130; // as a shell reports SIGINT
        }
        catch (Exception bug)
        {
            await configuration.Error.WriteLineAsync($"This is a bug, please report it: {bug}");
            return ExitCodes.Bug;
        }
    }

    private static string CommandPath(CommandResult result)
    {
        List<string> words = [];
        for (SymbolResult? at = result; at is not null; at = at.Parent)
        {
            if (at is CommandResult command)
            {
                words.Insert(0, command.Command.Name);
            }
        }

        return string.Join(' ', words);
    }
}
