using Grpc.Core;
using RpiAgent.Agent.Containers;
using RpiAgent.Agent.Status;
using RpcStatus = Grpc.Core.Status;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Agent.Grpc;

/// <summary>Takes assignments in: for this node, not from a deposed leader, not older than the held one.</summary>
internal sealed class AssignmentDesk(NodeHost host, AssignmentHolder holder, EpochFence fence, StatusBoard board)
{
    public Wire.ApplyReply Apply(Wire.Assignment? offered)
    {
        board.Contact();
        Assignment assignment = Containers.ProtoMapping.FromWire(offered ?? throw Errors.Invalid("there is no assignment in the request"));
        if (assignment.Node != host.Id)
        {
            throw Errors.Invalid($"the assignment is for node {assignment.Node}; this is {host.Id}");
        }

        if (!fence.Admit(assignment.Version.Epoch, out ulong newest))
        {
            throw Errors.Stale($"assignment {assignment.Version} is stale: epoch {newest} has spoken");
        }

        return holder.Offer(assignment) switch
        {
            FenceDecision.Accept => new Wire.ApplyReply { Outcome = Wire.ApplyReply.Types.Outcome.Accepted },
            FenceDecision.AlreadyHeld => new Wire.ApplyReply { Outcome = Wire.ApplyReply.Types.Outcome.AlreadyHeld },
            FenceDecision.Conflict => throw new RpcException(new RpcStatus(StatusCode.AlreadyExists, $"assignment {assignment.Version} is held with other content")),
            _ => throw Errors.Stale($"assignment {assignment.Version} is stale: {holder.Held?.Version} is held"),
        };
    }
}
