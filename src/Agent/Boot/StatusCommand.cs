using System.CommandLine;
using RpiAgent.Agent.Boot.Card;
using RpiAgent.Agent.Enrolment;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Boot;

/// <summary><c>rpi-agent status</c>: which node this is, how its clock stands, and what its card says, each value with the file it is from.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        Command command = new("status", "Say which node this is, how its clock stands, and what the files on its card say.");
        command.SetAction((_, cancel) => RunAsync(AgentConfiguration.ReadOptions(AgentConfiguration.Load()), Console.Out, cancel));
        return command;
    }

    /// <returns>78 when a file of the card cannot be used.</returns>
    internal static async Task<int> RunAsync(AgentOptions options, TextWriter output, CancellationToken cancel)
    {
        try
        {
            if (Directory.Exists(options.Under(options.StateDirectory)))
            {
                Directory.GetFileSystemEntries(options.Under(options.StateDirectory)); // else a file that others may not see is no file
            }

            output.WriteLine(new IdentityStore(options).Load(new BoardReader(options).Read()) is { } node
                ? $"enrolled as {node.Spec.Name} with {node.Saved.Coordinator.Authority}"
                : "not enrolled");
        }
        catch (EnrolmentException e)
        {
            output.WriteLine($"not enrolled: {e.Message}");
        }
        catch (UnauthorizedAccessException)
        {
            output.WriteLine("whether this node is enrolled is for root to see: run this with sudo");
        }

        ClockWait clock = new(new ClockProbe(options), new CommandRunner(TimeProvider.System), TimeProvider.System);
        output.WriteLine(ClockWait.Words(await clock.LookAsync(cancel)));
        output.WriteLine($"what it was ordered and what it changed: {new AuditFile(options).Path}");
        if (BootPartition.FindFolder(options) is not { } folder)
        {
            output.WriteLine("the card has no boot file");
            return ExitCodes.Ok;
        }

        try
        {
            CardSettings card = CardSettings.Merge([.. BootPartition.Read(folder).Select(file => file.Parse())], SystemCountry.Read(options));
            foreach (CardValue value in card.Values)
            {
                output.WriteLine($"  {value.Key}: {value.Shown}  ({value.Source})");
            }

            foreach (string ignored in card.Ignored)
            {
                output.WriteLine($"  ignored: {ignored}");
            }

            return ExitCodes.Ok;
        }
        catch (BootFileException e)
        {
            output.WriteLine($"the card cannot be used: {e.Message}");
            return ExitCodes.Configuration;
        }
    }
}
