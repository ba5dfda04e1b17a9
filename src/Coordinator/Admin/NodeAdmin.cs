using RpiAgent.Coordinator.Cluster;
using RpiAgent.Coordinator.Enrolment;
using RpiAgent.Coordinator.Model;
using RpiAgent.Coordinator.Rollout;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Admin;

/// <summary>The nodes' own configuration: what is wanted of them, and how far that has come.</summary>
internal sealed class NodeAdmin(ClusterState state, NodeAddressing addressing, NodeStore nodes, CoordinatorOptions options, TimeProvider time)
{
    public async Task<RolloutNode> SetAddressAsync(SetNodeAddressRequest request, CancellationToken cancel)
    {
        NodeView node = NodeLookup.Find(state.Current, request.Node);
        if (request.Address != node.Status?.Address && node.Status?.Swarm is { State: "active", Manager: true } && !state.Current.Nodes.Values.Any(other => other.Id != node.Id && other.Ready))
        {
            throw new AdminRefusal(RefusalKind.NotNow, RolloutPlanner.NoSuccessor(node.Name));
        }

        (NodeRecord? record, string refusal) = await addressing.ChooseAsync(node.Id, request.Address, cancel);
        return record is null
            ? throw new AdminRefusal(RefusalKind.BadRequest, refusal)
            : await ShownAsync(node, record, cancel);
    }

    public async Task<RolloutNode> RetryAsync(RetryRolloutRequest request, CancellationToken cancel)
    {
        NodeView node = NodeLookup.Find(state.Current, request.Node);
        NodeRecord record = await nodes.UpdateAsync(node.Id, old => old with { ConfigAttempt = old.ConfigAttempt + 1 }, cancel)
            ?? throw new AdminRefusal(RefusalKind.Unknown, $"the node {node.Name} was removed just now");
        return await ShownAsync(node, record, cancel);
    }

    public GetRolloutReply Rollout()
    {
        ClusterSnapshot cluster = state.Current;
        GetRolloutReply reply = new()
        {
            Turn = cluster.Rollout.Turn is { } turn && cluster.Nodes.TryGetValue(turn, out NodeView? changing) ? changing.Name : "",
            Halted = cluster.Rollout.Halted,
        };
        reply.Nodes.Add(cluster.Nodes.Values.OrderBy(node => node.Name, NaturalOrder.Instance).Select(Of));
        return reply;
    }

    private async Task<RolloutNode> ShownAsync(NodeView node, NodeRecord record, CancellationToken cancel)
    {
        await state.ShownAsync(cluster => !cluster.Nodes.TryGetValue(node.Id, out NodeView? shown) || shown.Record == record || NodeSpecs.For(shown.Record, options, "").Revision == NodeSpecs.For(record, options, "").Revision, time, cancel);
        return Of(node with { Record = record });
    }

    private RolloutNode Of(NodeView node)
    {
        ConfigView config = node.Status?.Config ?? ConfigView.Unknown;
        return new RolloutNode
        {
            Node = node.Name,
            Address = node.Status?.Address ?? "",
            WantedAddress = node.Record.Address ?? "dhcp",
            WantedRevision = NodeSpecs.For(node.Record, options, "").Revision,
            Config = new ConfigStatus { Revision = config.Revision, State = config.State, Detail = config.Detail },
        };
    }
}
