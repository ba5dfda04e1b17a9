using System.CommandLine;
using RpiAgent.Agent.Containers;
using RpiAgent.Agent.Enrolment;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Agent.NodeConfig.DockerOptions;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Boot;

/// <summary>
/// <c>rpi-agent reset-identity</c>: this board forgets which node it is, and which containers that node was given. The network configuration,
/// containers and volumes stay as they are. What else makes a copied card the double of its original goes only when asked.
/// </summary>
internal static class ResetIdentityCommand
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    public static Command Create()
    {
        Option<bool> sure = new("--yes") { Description = "Do it; without, only say what would be done." };
        Option<bool> everything = new("--everything") { Description = "Also the machine id, the SSH host keys and the engine's place in the swarm: for a copied card." };
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

        if (!sure)
        {
            words.WriteLine($"This would delete the node's key, its certificate, the engine's TLS port and the list of its containers{(everything ? ", the machine id, the SSH host keys, and the engine's membership of its swarm" : "")}. Containers, volumes and network stay. Add --yes to do it.");
            return ExitCodes.Usage;
        }

        if (everything)
        {
            await new Double(options, new CommandRunner(TimeProvider.System)).ForgetAsync(cancel);
        }

        try
        {
            await EnginePort.CloseAsync(options, new CommandRunner(TimeProvider.System), cancel);
        }
        catch (RefusalException e)
        {
            words.WriteLine($"The engine's TLS port, if it is open, stays so: {e.Message}");
        }

        new Ledger(options.State(ContainerServices.LedgerName)).Delete();
        Ssh.SavedKeys.Forget(options);
        if (identity.Exists)
        {
            identity.Delete();
        }

        await Quarantine.EndAsync(options, new CommandRunner(TimeProvider.System), everything, cancel);
        words.WriteLine("Done. Put a new join token into the boot file, then: systemctl restart rpi-agent");
        return ExitCodes.Ok;
    }

    /// <summary>What a copied card shares with its original beside the agent's identity.</summary>
    private sealed class Double(AgentOptions options, CommandRunner commands)
    {
        public async Task ForgetAsync(CancellationToken cancel)
        {
            bool isRunning = options.Root == "/";
            if (isRunning)
            {
                await commands.RunAsync("systemctl", ["stop", "docker.socket", "docker.service"], Limit, cancel);
            }

            string swarm = options.Under($"{options.DockerRoot}/swarm");
            if (Directory.Exists(swarm))
            {
                Directory.Delete(swarm, recursive: true);
            }

            foreach (string key in Directory.Exists(options.Under("/etc/ssh")) ? Directory.GetFiles(options.Under("/etc/ssh"), "ssh_host_*") : [])
            {
                File.Delete(key);
            }

            // systemd-machine-id-setup(1) takes an id that D-Bus still has.
            FileInfo bus = new(options.Under("/var/lib/dbus/machine-id"));
            if (bus is { Exists: true, LinkTarget: null })
            {
                bus.Delete();
                bus.CreateAsSymbolicLink("/etc/machine-id");
            }

            File.Delete(options.Under("/etc/machine-id"));
            if (isRunning)
            {
                await commands.RunAsync("ssh-keygen", ["-A"], Limit, cancel); // not where there is no SSH server
                (await commands.RunAsync("systemd-machine-id-setup", [], Limit, cancel)).OrThrow();
            }
        }
    }
}

/// <summary>The state clone-guard.sh puts a copied card into.</summary>
internal static class Quarantine
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>The engine may start again.</summary>
    /// <param name="wasStopped">It was stopped by us.</param>
    public static async Task EndAsync(AgentOptions options, CommandRunner commands, bool wasStopped, CancellationToken cancel)
    {
        string mark = options.Under(options.CloneMark);
        bool isMarked = File.Exists(mark);
        if (isMarked)
        {
            File.Delete(mark);
        }

        if ((isMarked || wasStopped) && options.Root == "/")
        {
            await commands.RunAsync("systemctl", ["start", "docker.socket", "docker.service"], Limit, cancel); // not where there is no engine
        }
    }
}
