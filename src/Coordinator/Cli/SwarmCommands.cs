using System.CommandLine;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Cli;

/// <summary><c>rpictl swarm</c>: Docker's Swarm below the cluster.</summary>
internal static class SwarmCommands
{
    public static Command Create() => new("swarm", "Docker's Swarm, which carries the networks.")
    {
        new Command("status", "Who leads it, who is in it, and which networks it has.").Does(async (_, terminal, connection, cancel) =>
        {
            GetSwarmReply swarm = await connection.AskAsync((client, options) => client.GetSwarmAsync(new GetSwarmRequest(), options), cancel);
            SwarmJson json = new(
                swarm.ClusterId, swarm.Phase, swarm.Reason, swarm.Leader,
                [.. swarm.Nodes.Select(node => new SwarmNodeJson(node.Node, node.Status.State, Role(node.Status), node.Status.NodeId, node.Status.Address, node.Status.Error))],
                [.. swarm.Networks.Select(network => network.Name)]);
            if (terminal.Json)
            {
                terminal.Result(json, CliJson.Pretty.SwarmJson);
                return ExitCodes.Ok;
            }

            terminal.Say($"Swarm {(swarm.ClusterId.Length > 0 ? swarm.ClusterId : "(none yet)")} is {swarm.Phase}{(swarm.Reason.Length > 0 ? $": {swarm.Reason}" : "")}{(swarm.Leader.Length > 0 ? $"; {swarm.Leader} leads" : "")}");
            terminal.Table(["NODE", "STATE", "ROLE", "ADDRESS", "ERROR"], json.Nodes.Select(node => new[] { node.Node, node.State, node.Role, node.Address, node.Error }));
            terminal.Say($"Networks: {(json.Networks.Count == 0 ? "none" : string.Join(", ", json.Networks))}");
            return ExitCodes.Ok;
        }),
    };

    private static string Role(SwarmStatus status) => status switch
    {
        { State: not "active" } => "",
        { Leader: true } => "leader",
        { Manager: true } => "manager",
        _ => "worker",
    };
}
