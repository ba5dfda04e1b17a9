using System.CommandLine;
using System.Globalization;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Cli;

/// <summary><c>rpictl node</c>: the Pis.</summary>
internal static class NodeCommands
{
    public static Command Create() => new("node", "The Pis of the cluster.") { List(), Inspect(), Status(), Label(), RolloutCommands.Address(), RolloutCommands.Ip(), DockerEnvironment.Create(), NodeSshCommands.Shell(), NodeSshCommands.List() };

    private static Command List() => new Command("ls", "List the nodes.").Does(async (_, terminal, connection, cancel) =>
    {
        ListNodesReply reply = await NodesAsync(connection, "", cancel);
        if (terminal.Json)
        {
            terminal.Result([.. reply.Nodes.Select(NodeJson.Of)], CliJson.Pretty.NodeJsonArray);
            return ExitCodes.Ok;
        }

        terminal.Table(["NAME", "ADDRESS", "STATE", "SWARM", "REPLICAS", "MODEL", "MEMORY", "ENGINE", "REASON"], reply.Nodes.Select(node => new[]
        {
            node.Name, node.Address, node.State, node.SwarmRole, Number(node.Replicas), node.Hardware.Model, Terminal.Size(node.Hardware.MemoryBytes),
            node.Engine?.Version ?? "", node.Reason,
        }));
        return ExitCodes.Ok;
    });

    private static Command Inspect()
    {
        Argument<string> name = Name();
        return new Command("inspect", "Everything known of a node.") { name }.Does(async (parsed, terminal, connection, cancel) =>
        {
            NodeInfo node = (await NodesAsync(connection, parsed.GetValue(name)!, cancel)).Nodes.Single();
            if (terminal.Json)
            {
                terminal.Result(NodeJson.Of(node), CliJson.Pretty.NodeJson);
                return ExitCodes.Ok;
            }

            terminal.Table(["", ""], Facts(node).Where(fact => fact.Value.Length > 0).Select(fact => new[] { fact.Name, fact.Value }));
            return ExitCodes.Ok;
        });
    }

    private static Command Status()
    {
        Argument<string> name = Name();
        name.Arity = ArgumentArity.ZeroOrOne;
        return new Command("status", "How the nodes, or one of them, are doing now.") { name }.Does(async (parsed, terminal, connection, cancel) =>
        {
            ListNodesReply reply = await NodesAsync(connection, parsed.GetValue(name) ?? "", cancel);
            if (terminal.Json)
            {
                terminal.Result([.. reply.Nodes.Select(NodeJson.Of)], CliJson.Pretty.NodeJsonArray);
                return ExitCodes.Ok;
            }

            terminal.Table(["NAME", "STATE", "CONTACT", "LOAD", "MEMORY FREE", "ASSIGNED", "HELD", "REMARKS"], reply.Nodes.Select(node => new[]
            {
                node.Name, node.State, node.LastSeen is null ? "never" : $"{Terminal.Ago(node.LastSeen)} ago", node.Load1.ToString("0.00", CultureInfo.InvariantCulture),
                Terminal.Size(node.MemoryAvailableBytes), NodeJson.Version(node.Assigned), NodeJson.Version(node.Held),
                string.Join("; ", node.Warnings.Prepend(node.Reason).Where(text => text.Length > 0)),
            }));
            return ExitCodes.Ok;
        });
    }

    private static Command Label()
    {
        Argument<string> name = Name();
        Argument<string[]> labels = new("LABEL") { Description = "KEY=VALUE sets, KEY- removes", Arity = ArgumentArity.OneOrMore };
        return new Command("label", "Give a node labels that constraints ask for.") { name, labels }.Does(async (parsed, terminal, connection, cancel) =>
        {
            LabelNodeRequest request = new() { Node = parsed.GetValue(name) };
            foreach (string label in parsed.GetValue(labels)!)
            {
                int cut = label.IndexOf('=', StringComparison.Ordinal);
                if (cut > 0)
                {
                    request.Set[label[..cut]] = label[(cut + 1)..];
                }
                else if (cut < 0 && label.Length > 1 && label.EndsWith('-'))
                {
                    request.Remove.Add(label[..^1]);
                }
                else
                {
                    throw new CliFailure(ExitCodes.Usage, $"'{label}' is neither KEY=VALUE nor KEY-");
                }
            }

            NodeInfo node = await connection.AskAsync((client, options) => client.LabelNodeAsync(request, options), cancel);
            if (terminal.Json)
            {
                terminal.Result(NodeJson.Of(node), CliJson.Pretty.NodeJson);
            }
            else
            {
                terminal.Say($"{node.Name}: {(node.Labels.Count == 0 ? "no labels" : Labels(node))}");
            }

            return ExitCodes.Ok;
        });
    }

    private static IEnumerable<(string Name, string Value)> Facts(NodeInfo node)
    {
        yield return ("Name", node.Name);
        yield return ("Id", node.Id);
        yield return ("State", node.Reason.Length > 0 ? $"{node.State}: {node.Reason}" : node.State);
        yield return ("Address", node.Address);
        yield return ("Swarm", node.SwarmRole);
        yield return ("Labels", Labels(node));
        yield return ("Replicas", Number(node.Replicas));
        yield return ("Assignment", $"{NodeJson.Version(node.Assigned)} (held: {NodeJson.Version(node.Held)})");
        yield return ("Last contact", node.LastSeen is null ? "never" : $"{Terminal.Ago(node.LastSeen)} ago");
        yield return ("Enrolled", node.EnrolledAt is null ? "" : $"{node.EnrolledAt.ToDateTime():u}");
        yield return ("Certificate until", node.CertificateExpiresAt is null ? "" : $"{node.CertificateExpiresAt.ToDateTime():u}");
        yield return ("Agent", node.AgentVersion);
        yield return ("Model", node.Hardware.Model);
        yield return ("Serial, MAC", $"{node.Hardware.Serial} {node.Hardware.Mac}");
        yield return ("Cores, memory", $"{node.Hardware.Cores}, {Terminal.Size(node.Hardware.MemoryBytes)} ({Terminal.Size(node.MemoryAvailableBytes)} free)");
        yield return ("System", $"{node.Hardware.Os} ({node.Hardware.KernelArch} kernel, {node.Hardware.UserlandArch} programs)");
        yield return ("Engine", node.Engine is null ? "" : $"{node.Engine.Version} {node.Engine.Os}/{node.Engine.Architecture}, {node.Engine.StorageDriver}{(node.Engine.MemoryLimit ? "" : ", no memory limits")}");
        foreach (string warning in node.Warnings)
        {
            yield return ("Warning", warning);
        }
    }

    private static Argument<string> Name() => new("NODE") { Description = "Name, id, or the beginning of an id" };

    private static string Labels(NodeInfo node) =>
        string.Join(", ", node.Labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}"));

    private static string Number(uint number) => number.ToString(CultureInfo.InvariantCulture);

    public static Task<ListNodesReply> NodesAsync(Connection connection, string node, CancellationToken cancel) =>
        connection.AskAsync((client, options) => client.ListNodesAsync(new ListNodesRequest { Node = node }, options), cancel);
}
