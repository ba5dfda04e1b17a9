using System.Collections.Concurrent;
using Grpc.Net.Client;
using RpiAgent.Identity;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Cluster;

/// <summary>One channel to each connected agent, which must show the certificate of that very node.</summary>
internal sealed class AgentConnections(ClusterTls tls)
{
    private static readonly KeepAlive Quick = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));

    private readonly ConcurrentDictionary<NodeId, AgentConnection> _open = [];
    private long _count;

    /// <summary>Dials; others see it by <see cref="Find"/> once it was opened.</summary>
    /// <param name="endpoint">host:port.</param>
    public AgentConnection Dial(NodeId node, string endpoint)
    {
        GrpcChannel channel = ClusterChannel.Create(new Uri($"https://{endpoint}"), tls.ClientOptions(PeerRole.Node, node.Value), Quick);
        return new AgentConnection(node, endpoint, Interlocked.Increment(ref _count), channel);
    }

    /// <summary>The agent has answered: calls may go through this connection.</summary>
    public void Open(AgentConnection connection) => _open[connection.Node] = connection;

    /// <summary>No calls go through it, though it stays.</summary>
    public void Withhold(AgentConnection connection) => _open.TryRemove(KeyValuePair.Create(connection.Node, connection));

    public void Close(AgentConnection connection)
    {
        Withhold(connection);
        connection.Dispose();
    }

    /// <summary>Null while the node is not connected, or in conflict with another board.</summary>
    public AgentConnection? Find(NodeId node) => _open.GetValueOrDefault(node);
}

/// <param name="number">No two connections of this process have the same.</param>
internal sealed class AgentConnection(NodeId node, string endpoint, long number, GrpcChannel channel) : IDisposable
{
    public NodeId Node { get; } = node;

    public string Endpoint { get; } = endpoint;

    public long Number { get; } = number;

    public NodeAgent.NodeAgentClient Client { get; } = new(channel);

    public void Dispose() => channel.Dispose();
}
