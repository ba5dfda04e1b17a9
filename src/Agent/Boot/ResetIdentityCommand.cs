using System.CommandLine;
using RpiAgent.Agent.Containers;
using RpiAgent.Agent.Enrolment;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Boot;

/// <summary>
/// <c>rpi-agent reset-identity</c>: this board forgets which node it is, and which containers that node was given. The network configuration,
/// containers and volumes stay as they are.
/// </summary>
internal static class ResetIdentityCommand
{
    public static Command Create()
    {
        Option<bool> sure = new("--yes") { Description = "Do it; without, only say what would be done." };
        Command command = new("reset-identity", "Forget this node's identity, to enrol anew with a join token.") { sure };
        command.SetAction(parsed => Run(AgentConfiguration.ReadOptions(AgentConfiguration.Load()), parsed.GetValue(sure), Console.Error));
        return command;
    }

    /// <returns>An exit code of sysexits.</returns>
    internal static int Run(AgentOptions options, bool sure, TextWriter words)
    {
        IdentityStore identity = new(options);
        if (!identity.Exists)
        {
            words.WriteLine("This board has no identity. It enrols with the join token in its boot file.");
            return ExitCodes.Ok;
        }

        if (!sure)
        {
            words.WriteLine("This would delete the node's key, its certificate and the list of its containers. Containers, volumes and network stay. Add --yes to do it.");
            return ExitCodes.Usage;
        }

        new Ledger(options.State(ContainerServices.LedgerName)).Delete();
        identity.Delete();
        words.WriteLine("Done. Put a new join token into the boot file, then: systemctl restart rpi-agent");
        return ExitCodes.Ok;
    }
}
