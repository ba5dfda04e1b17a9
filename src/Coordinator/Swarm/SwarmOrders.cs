using Grpc.Core;
using RpiAgent.Coordinator.Cluster;
using RpiAgent.Identity;
using RpiAgent.Protos;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Swarm;

/// <summary>Has agents carry out single orders, under a leader's epoch.</summary>
internal sealed class SwarmOrders(AgentConnections connections, CoordinatorOptions options, TimeProvider time)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public async Task<Wire.SwarmOrderReply> RunAsync(SwarmStep step, ulong epoch, CancellationToken cancel)
    {
        Wire.SwarmOrder order = new() { Epoch = epoch };
        switch (step)
        {
            case InitSwarm init:
                order.Init = new Wire.SwarmInit { AdvertiseAddress = init.Address, ForceNewCluster = init.ForceNewCluster, AddressPool = init.ForceNewCluster ? "" : options.OverlayPool };
                break;
            case JoinSwarm join:
                Wire.SwarmOrder ask = new() { Epoch = epoch, ReadTokens = new Wire.SwarmReadTokens() };
                Wire.SwarmOrderReply tokens = await SendAsync(join.TokenFrom, ask, cancel);
                order.Join = new Wire.SwarmJoin
                {
                    AdvertiseAddress = join.Address,
                    JoinToken = join.AsManager ? tokens.ManagerToken : tokens.WorkerToken,
                    Managers = { join.Managers },
                };
                break;
            case LeaveSwarm:
                order.Leave = new Wire.SwarmLeave { Force = true };
                break;
            case SetSwarmRole role:
                order.SetRole = new Wire.SwarmSetRole { SwarmNodeId = role.SwarmNodeId, Manager = role.Manager };
                break;
            case RemoveSwarmNode remove:
                order.RemoveNode = new Wire.SwarmRemoveNode { SwarmNodeId = remove.SwarmNodeId, Force = true };
                break;
            case CreateNetwork create:
                order.CreateNetwork = new Wire.SwarmCreateNetwork
                {
                    Name = create.Name, Encrypted = create.Encrypted, Internal = create.Internal, Labels = { { ContainerLabels.Stack, create.Stack } },
                };
                break;
            case RemoveNetwork remove:
                order.RemoveNetwork = new Wire.SwarmRemoveNetwork { Name = remove.Name };
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(step), step, "not an order to an agent");
        }

        return await SendAsync(step.Node, order, cancel);
    }

    /// <exception cref="RpcException">Refused, failed or not connected.</exception>
    private async Task<Wire.SwarmOrderReply> SendAsync(NodeId node, Wire.SwarmOrder order, CancellationToken cancel) =>
        connections.Find(node) is AgentConnection agent
            ? await Deadline.WithinAsync(Limit, time, limit => agent.Client.RunSwarmOrderAsync(order, cancellationToken: limit), cancel)
            : throw new RpcException(new Status(StatusCode.Unavailable, $"node {node} is not connected"));
}
