using System.CommandLine;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Cli;

/// <summary><c>rpictl node address|ip</c> and <c>rpictl rollout</c>: the nodes' own configuration, changed one node after the other.</summary>
internal static class RolloutCommands
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>For <c>rpictl node</c>.</summary>
    public static Command Address()
    {
        Argument<string> name = new("NODE") { Description = "Name, id, or the beginning of an id" };
        Argument<string> address = new("ADDRESS") { Description = "IPv4 in the cluster's network, or 'dhcp'" };
        Option<bool> dontWait = new("--no-wait") { Description = "Return as soon as the wish is stored" };
        return new Command("address", "Give a node another address; the old one comes back when the node cannot be reached there.") { name, address, dontWait }.Does(async (parsed, terminal, connection, cancel) =>
        {
            SetNodeAddressRequest request = new() { Node = parsed.GetValue(name), Address = parsed.GetValue(address) };
            RolloutNode wanted = await connection.AskAsync((client, options) => client.SetNodeAddressAsync(request, options), cancel);
            return parsed.GetValue(dontWait) ? Say(terminal, wanted, "stored") : await FollowAsync(terminal, connection, wanted, cancel);
        });
    }

    /// <summary>For <c>rpictl node</c>.</summary>
    public static Command Ip()
    {
        Argument<string> name = new("NODE") { Description = "Name, id, or the beginning of an id" };
        return new Command("ip", "Print the address of a node.") { name }.Does(async (parsed, terminal, connection, cancel) =>
        {
            ListNodesReply reply = await connection.AskAsync((client, options) => client.ListNodesAsync(new ListNodesRequest { Node = parsed.GetValue(name) }, options), cancel);
            string address = reply.Nodes.Single().Address;
            if (address.Length == 0)
            {
                throw new CliFailure(ExitCodes.Unreachable, $"{reply.Nodes.Single().Name} has not told its address yet");
            }

            terminal.Line(address);
            return ExitCodes.Ok;
        });
    }

    public static Command Create() => new("rollout", "How far changes of the nodes' own configuration have come.") { Status(), Retry() };

    private static Command Status() => new Command("status", "Show what each node is told and how it stands.").Does(async (_, terminal, connection, cancel) =>
    {
        GetRolloutReply reply = await RolloutAsync(connection, cancel);
        if (terminal.Json)
        {
            terminal.Result(RolloutJson.Of(reply), CliJson.Pretty.RolloutJson);
            return ExitCodes.Ok;
        }

        terminal.Table(["NODE", "ADDRESS", "WANTED", "CONFIGURATION", "REMARKS"], reply.Nodes.Select(node => new[]
        {
            node.Node, node.Address, node.WantedAddress, IsApplied(node) ? "as wanted" : node.Config.Revision == node.WantedRevision ? node.Config.State : node.Node == reply.Turn ? "in turn" : "waits", node.Config.Detail,
        }));
        if (reply.Halted.Length > 0)
        {
            terminal.Say($"Halted: {reply.Halted}. Correct what was wanted, or: rpictl rollout retry NODE");
        }

        return ExitCodes.Ok;
    });

    private static Command Retry()
    {
        Argument<string> name = new("NODE") { Description = "Name, id, or the beginning of an id" };
        return new Command("retry", "Have a configuration that failed tried once more.") { name }.Does(async (parsed, terminal, connection, cancel) =>
        {
            RetryRolloutRequest request = new() { Node = parsed.GetValue(name) };
            return await FollowAsync(terminal, connection, await connection.AskAsync((client, options) => client.RetryRolloutAsync(request, options), cancel), cancel);
        });
    }

    /// <summary>Until the node is as wanted, or the rollout is halted. A new address brings a new certificate, which may be part of what is wanted.</summary>
    private static async Task<int> FollowAsync(Terminal terminal, Connection connection, RolloutNode wanted, CancellationToken cancel)
    {
        string told = "";
        while (true)
        {
            GetRolloutReply reply = await RolloutAsync(connection, cancel);
            RolloutNode node = reply.Nodes.FirstOrDefault(one => one.Node == wanted.Node) ?? throw new CliFailure(ExitCodes.Refused, $"{wanted.Node} was removed from the cluster");
            if (node.WantedAddress != wanted.WantedAddress)
            {
                throw new CliFailure(ExitCodes.Refused, $"somebody else has changed what is wanted of {node.Node}");
            }

            if (IsApplied(node) && reply.Turn != node.Node)
            {
                return Say(terminal, node, "applied");
            }

            if (reply.Halted.Length > 0)
            {
                throw new CliFailure(ExitCodes.Refused, $"halted: {reply.Halted}");
            }

            string now = reply.Turn == node.Node ? $"{node.Node}: its configuration is being changed" : $"{node.Node}: waits for its turn{(reply.Turn.Length > 0 ? $" after {reply.Turn}" : "")}";
            if (now != told)
            {
                terminal.Say(now);
                told = now;
            }

            await Task.Delay(Look, TimeProvider.System, cancel);
        }
    }

    private static int Say(Terminal terminal, RolloutNode node, string what)
    {
        if (terminal.Json)
        {
            terminal.Result(RolloutNodeJson.Of(node), CliJson.Pretty.RolloutNodeJson);
        }
        else
        {
            terminal.Say($"{node.Node}: {what}, {(node.WantedAddress == "dhcp" ? $"dhcp, now {node.Address}" : node.WantedAddress)}");
        }

        return ExitCodes.Ok;
    }

    private static bool IsApplied(RolloutNode node) => node.Config is { State: "applied" } config && config.Revision == node.WantedRevision;

    private static Task<GetRolloutReply> RolloutAsync(Connection connection, CancellationToken cancel) =>
        connection.AskAsync((client, options) => client.GetRolloutAsync(new GetRolloutRequest(), options), cancel);
}
