using System.CommandLine;
using RpiAgent.Agent.Enrolment;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Agent.NodeConfig.DockerOptions;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Boot;

/// <summary>
/// <c>rpi-agent reset-identity</c>: this board forgets which node it is, and what that node was ordered. The network configuration,
/// containers and volumes stay as they are. What else makes a copied card the double of its original goes only when asked.
/// </summary>
internal static class ResetIdentityCommand
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    public static Command Create()
    {
        Option<bool> sure = new("--yes") { Description = "Do it; without, only say what would be done." };
        Option<bool> everything = new("--everything") { Description = "Also the machine id, the SSH host keys, the cluster's containers and the engine's place in the swarm: for a copied card." };
        Command command = new("reset-identity", "Forget this node's identity, to enrol anew with a join token.") { sure, everything };
        command.SetAction((parsed, cancel) => RunAsync(
            AgentConfiguration.ReadOptions(AgentConfiguration.Load()), parsed.GetValue(sure), parsed.GetValue(everything), Console.Error, cancel));
        return command;
    }

    /// <returns>An exit code of sysexits.</returns>
    internal static async Task<int> RunAsync(AgentOptions options, bool sure, bool everything, TextWriter words, CancellationToken cancel)
    {
        IdentityStore identity = new(options);
        if (!identity.Exists && !everything)
        {
            words.WriteLine("This board has no identity. It enrols with the join token in its boot file.");
            return ExitCodes.Ok;
        }

        if (!everything && (Quarantine.IsOn(options) || Quarantine.Difference(identity, new BoardReader(options)) is not null))
        {
            words.WriteLine("This is a copied card: its engine would start in the original's place in the swarm. Add --everything.");
            return ExitCodes.Usage;
        }

        if (!sure)
        {
            words.WriteLine($"This would delete the node's key, its certificate, the engine's TLS port and the list of its containers{(everything ? ", the machine id, the SSH host keys, the cluster's containers, and the engine's membership of its swarm" : "")}. {(everything ? "Other containers" : "Containers")}, volumes and network stay. Add --yes to do it.");
            return ExitCodes.Usage;
        }

        try
        {
            await ForgetAsync(options, identity, everything, words, cancel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            words.WriteLine($"Not all is done: {e.Message}. Mend that and run this again; until then docker and rpi-agent may be off.");
            return ExitCodes.Io;
        }

        words.WriteLine("Done. Put a new join token into the boot file, then: systemctl restart rpi-agent");
        return ExitCodes.Ok;
    }

    private static async Task ForgetAsync(AgentOptions options, IdentityStore identity, bool everything, TextWriter words, CancellationToken cancel)
    {
        CommandRunner commands = new(TimeProvider.System);
        CopiedTraits copied = new(options, commands);
        if (options.Root == "/")
        {
            // It would write its identity, and what it was ordered, again.
            await commands.RunAsync("systemctl", ["stop", "rpi-agent.service"], Limit, cancel);
        }

        if (everything)
        {
            await copied.ForgetAsync(cancel);
        }

        try
        {
            await EnginePort.CloseAsync(options, commands, cancel);
        }
        catch (RefusalException e)
        {
            words.WriteLine($"The engine's TLS port, if it is open, stays so: {e.Message}");
        }

        LeadersOrders.Forget(options);
        if (identity.Exists)
        {
            identity.Delete();
        }

        await Quarantine.EndAsync(options, commands, everything, cancel);
        if (everything && await copied.RemoveReplicasAsync(cancel) is { } left)
        {
            words.WriteLine($"Containers of the cluster may still be here: {left}");
        }

        Ssh.SavedKeys.Forget(options); // last: what is damaged there holds nothing else up
    }
}
