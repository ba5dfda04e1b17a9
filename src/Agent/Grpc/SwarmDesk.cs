using RpiAgent.Agent.Containers;
using RpiAgent.Agent.Status;
using RpiAgent.Agent.Swarm;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Agent.Grpc;

/// <summary>Takes swarm orders in, and lets everybody look who may be concerned by the outcome.</summary>
internal sealed class SwarmDesk(SwarmOrders orders, SwarmWatch watch, ContainerReconciler containers, EpochFence fence, StatusBoard board)
{
    public async Task<Wire.SwarmOrderReply> RunAsync(Wire.SwarmOrder request, CancellationToken cancel)
    {
        board.Contact();
        if (!fence.Admit(request.Epoch, out ulong newest))
        {
            throw Errors.Stale($"the order of epoch {request.Epoch} is stale: epoch {newest} has spoken");
        }

        SwarmOrder order = Swarm.ProtoMapping.FromWire(request) ?? throw Errors.Invalid("the request holds no order that this agent knows");
        try
        {
            return Swarm.ProtoMapping.ToWire(await orders.RunAsync(order, cancel));
        }
        finally
        {
            if (order is not ReadSwarmTokens)
            {
                watch.LookNow();
                containers.RetryNetworks();
            }
        }
    }
}
