using System.CommandLine;
using System.Globalization;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Cli;

/// <summary><c>rpictl stack</c>: Compose files in the cluster.</summary>
internal static class StackCommands
{
    public static Command Create() => new("stack", "What runs: Compose files deployed under a name.")
    {
        DeployCommands.Deploy(), DeployCommands.Plan(), List(), Replicas(), Remove(), LogsCommand.Create(),
    };

    public static Argument<string> Name() => new("STACK") { Description = "Name of the stack" };

    public static Task<ListReplicasReply> ReplicasAsync(Connection connection, string stack, CancellationToken cancel) =>
        connection.AskAsync((client, options) => client.ListReplicasAsync(new ListReplicasRequest { Stack = stack }, options), cancel);

    /// <summary>Where each replica is and why; for pending ones, why nowhere.</summary>
    public static void Show(Terminal terminal, IEnumerable<ReplicaInfo> replicas) =>
        terminal.Table(["REPLICA", "NODE", "STATE", "HEALTH", "SINCE", "PORTS", "IMAGE", "WHY"], replicas.Select(replica => new[]
        {
            $"{replica.Stack}.{replica.Service}.{replica.Index}", replica.Node.Length > 0 ? replica.Node : "-", replica.State, replica.Health,
            replica.StartedAt is null ? "" : Terminal.Ago(replica.StartedAt), string.Join(", ", replica.Ports), replica.Image, Why(replica),
        }));

    public static string Why(ReplicaInfo replica)
    {
        string reasons = string.Join("; ", replica.Reasons.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"{one.Key}: {one.Value}"));
        return string.Join("; ", new[] { replica.Message, reasons, replica.Node.Length > 0 && replica.Message.Length == 0 ? replica.Explanation : "" }.Where(text => text.Length > 0));
    }

    private static Command List() => new Command("ls", "List the stacks.").Does(async (_, terminal, connection, cancel) =>
    {
        ListStacksReply reply = await connection.AskAsync((client, options) => client.ListStacksAsync(new ListStacksRequest(), options), cancel);
        if (terminal.Json)
        {
            terminal.Result([.. reply.Stacks.Select(stack => new StackJson(stack.Name, stack.Services, stack.ReplicasWanted, stack.ReplicasRunning, stack.UpdatedAt.Time()))], CliJson.Pretty.StackJsonArray);
        }
        else
        {
            terminal.Table(["NAME", "SERVICES", "RUNNING", "CHANGED"], reply.Stacks.Select(stack => new[]
            {
                stack.Name, stack.Services.ToString(CultureInfo.InvariantCulture), $"{stack.ReplicasRunning}/{stack.ReplicasWanted}", $"{Terminal.Ago(stack.UpdatedAt)} ago",
            }));
        }

        return ExitCodes.Ok;
    });

    private static Command Replicas()
    {
        Argument<string> stack = Name();
        stack.Arity = ArgumentArity.ZeroOrOne;
        return new Command("ps", "Where the replicas of a stack, or of all, run and why there.") { stack }.Does(async (parsed, terminal, connection, cancel) =>
        {
            ListReplicasReply reply = await ReplicasAsync(connection, parsed.GetValue(stack) ?? "", cancel);
            if (terminal.Json)
            {
                terminal.Result([.. reply.Replicas.Select(ReplicaJson.Of)], CliJson.Pretty.ReplicaJsonArray);
            }
            else
            {
                Show(terminal, reply.Replicas);
            }

            return ExitCodes.Ok;
        });
    }

    private static Command Remove()
    {
        Argument<string> stack = Name();
        return new Command("rm", "Remove a stack; its volumes keep their data.") { stack }.Does(async (parsed, terminal, connection, cancel) =>
        {
            string name = parsed.GetValue(stack)!;
            RemoveStackReply reply = await connection.AskAsync((client, options) => client.RemoveStackAsync(new RemoveStackRequest { Name = name }, options), cancel);
            if (terminal.Json)
            {
                terminal.Result(new RemovedJson(name, [.. reply.Removed], [.. reply.KeptVolumes]), CliJson.Pretty.RemovedJson);
                return ExitCodes.Ok;
            }

            terminal.Say($"Removed {string.Join(", ", reply.Removed)}.");
            if (reply.KeptVolumes.Count > 0)
            {
                terminal.Say($"Data stays in {string.Join(", ", reply.KeptVolumes)}.");
            }

            return ExitCodes.Ok;
        });
    }
}
