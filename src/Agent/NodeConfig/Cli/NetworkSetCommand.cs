using System.CommandLine;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using RpiAgent.Agent.NodeConfig.Transaction;
using RpiAgent.Protos;

namespace RpiAgent.Agent.NodeConfig.Cli;

/// <summary><c>rpi-agent network set|confirm|rollback|status</c>: change the address by hand, with a person in the coordinator's place.</summary>
internal static class NetworkSetCommand
{
    public static IEnumerable<Command> Create()
    {
        WishOptions wish = new();
        Command set = new("set", "Set an address. It is taken back unless 'rpi-agent network confirm' is typed in time, from a connection to the new one.");
        wish.AddTo(set);
        Option<int> within = new("--within") { Description = "Seconds to wait for the confirmation, 30 to 600.", DefaultValueFactory = _ => new AgentOptions().NetworkConfirmSeconds };
        within.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 30 or > 600)
            {
                result.AddError("--within takes 30 to 600 seconds");
            }
        });
        set.Options.Add(within);
        Option<bool> onReboot = new("--on-reboot") { Description = "Not now: the next boot sets it, and the agent confirms it with the coordinator, or a person with 'rpi-agent network confirm'." };
        set.Options.Add(onReboot);
        Option<bool> force = new("--force") { Description = "Also when this node manages the swarm, which its other nodes know by its old address." };
        set.Options.Add(force);
        set.SetAction((result, cancel) => SetAsync(result, wish.Read, new SetOptions(result.GetValue(within), result.GetValue(onReboot), result.GetValue(force)), cancel));
        Command confirm = new("confirm", "Keep the address that is being tried.");
        confirm.SetAction((_, cancel) => Report(async () => $"kept: {await new NetworkControl(Options).ConfirmAsync(cancel)}"));
        Command rollback = new("rollback", "Take back the address that is being tried.");
        rollback.SetAction(async (_, cancel) =>
        {
            NetworkControl control = new(Options);
            return control.Pending is not { } pending ? NothingPending() : await Report(async () =>
            {
                await control.RollBackAsync(pending.Id, "taken back by hand", cancel);
                return pending.Phase switch
                {
                    TransactionPhase.Waiting => "it is forgotten; nothing was changed",
                    TransactionPhase.Confirmed => "it was confirmed already; the new address stays",
                    _ => "the old address is back",
                };
            });
        });
        Command status = new("status", "Say whether a change is waiting for its confirmation, and how the last one ended.");
        status.SetAction(_ =>
        {
            Console.Out.WriteLine(new NetworkControl(Options).Describe());
            return ExitCodes.Ok;
        });
        return [set, confirm, rollback, status];
    }

    private static AgentOptions Options => AgentConfiguration.ReadOptions(AgentConfiguration.Load());

    private static async Task<int> SetAsync(ParseResult result, Func<ParseResult, AddressWish> read, SetOptions how, CancellationToken cancel)
    {
        // The connection this was typed on may end with the old address.
        using PosixSignalRegistration hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => context.Cancel = true);
        NodeSpec spec;
        try
        {
            spec = new NodeSpec("", read(result), []) { AtNextBoot = how.AtNextBoot, IsForced = how.IsForced };
        }
        catch (RefusalException e)
        {
            Console.Error.WriteLine(e.Message);
            return ExitCodes.Configuration;
        }

        AgentOptions options = Options;
        options.NetworkConfirmSeconds = how.Seconds;
        using LoggerFactory loggers = new([new AuditLog(options, TimeProvider.System)]);
        using NodeConfigurator configurator = new(options, TimeProvider.System, loggers);
        Console.Error.WriteLine(spec.AtNextBoot ? $"the next boot tries it, and takes it back unless it is confirmed within {options.NetworkConfirmSeconds} s; 'rpi-agent network rollback' forgets it" : $"within {options.NetworkConfirmSeconds} s, connect to the new address and type: rpi-agent network confirm");
        if (File.Exists(options.State("identity/node.pem")))
        {
            Console.Error.WriteLine("this node belongs to a cluster, whose coordinator will set the address that it has for it again; to change that: rpictl node address NODE ADDRESS");
        }

        NodeConfigOutcome outcome = await configurator.ApplyAsync(spec, (_, _) => Task.FromResult(false), cancel); // 'confirm' keeps it from its own process
        string ended = spec.AtNextBoot && outcome.Result == NodeConfigResult.Changed ? "Waiting for the next boot; nothing is changed yet" : outcome.Result.ToString();
        Console.Error.WriteLine($"{ended}{(outcome.Detail.Length > 0 ? $": {outcome.Detail}" : "")}");
        return outcome.Result switch
        {
            NodeConfigResult.Unchanged or NodeConfigResult.Changed => ExitCodes.Ok,
            NodeConfigResult.RolledBack => ExitCodes.Unreachable,
            _ => ExitCodes.Configuration,
        };
    }

    private static async Task<int> Report(Func<Task<string>> act)
    {
        try
        {
            Console.Error.WriteLine(await act());
            return ExitCodes.Ok;
        }
        catch (Exception e) when (e is InvalidOperationException or RefusalException)
        {
            Console.Error.WriteLine(e.Message);
            return ExitCodes.Refused;
        }
    }

    private static int NothingPending()
    {
        Console.Error.WriteLine("no change of the network is waiting");
        return ExitCodes.Refused;
    }

    private sealed record SetOptions(int Seconds, bool AtNextBoot, bool IsForced);
}
