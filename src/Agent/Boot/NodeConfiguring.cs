using RpiAgent.Agent.Enrolment;
using RpiAgent.Agent.Grpc;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Agent.Boot;

/// <summary>Connects the node's own configuration with what the coordinator wants and hears of it.</summary>
internal sealed class NodeConfiguring(CurrentNode node, NodeAddress address)
{
    public Task ApplyAsync(EnrolledSpec spec, CancellationToken cancel) => address.LookAsync(cancel);

    /// <summary>This node as the gRPC service needs it.</summary>
    public NodeHost Host() => new()
    {
        Id = node.Current.Id,
        Name = () => node.Current.Spec.Name,
        Address = () => address.Current,
        Hardware = () => node.Current.Saved.Board.ToWire(),
        Network = () => new NetworkSpec { Interface = node.Current.Spec.Network.Interface, Address = address.Current },
        Configure = (_, _) => throw new NodeRefusedException("this agent does not change its node's configuration by order yet"),
        Restart = (_, _) => throw new NodeRefusedException("this agent does not restart its node yet"),
    };
}
