using RpiAgent.Coordinator.Model;
using RpiAgent.Identity;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Cluster;

/// <summary>Keeps a <see cref="StatusStream"/> open to every node that has an endpoint, leader or not: a new leader is in the picture at once.</summary>
internal sealed partial class StatusCollector(ClusterState state, AgentConnections connections, SteadyTime time, ILoggerFactory logs)
{
    private readonly ILogger<StatusStream> _log = logs.CreateLogger<StatusStream>();

    public async Task RunAsync(CancellationToken cancel)
    {
        Dictionary<NodeId, (string Endpoint, CancellationTokenSource Stop, Task Stream)> streams = [];
        try
        {
            await foreach (ClusterSnapshot snapshot in state.WatchAsync(cancel))
            {
                foreach ((NodeId node, (string endpoint, CancellationTokenSource stop, Task stream)) in streams.ToArray())
                {
                    if (!snapshot.Nodes.TryGetValue(node, out NodeView? view) || view.Endpoint != endpoint)
                    {
                        await stop.CancelAsync();
                        await stream;
                        stop.Dispose();
                        streams.Remove(node);
                    }
                }

                foreach (NodeView node in snapshot.Nodes.Values)
                {
                    if (node.Endpoint is string endpoint && !streams.ContainsKey(node.Id))
                    {
                        CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                        StatusStream stream = new(node.Id, node.Name, endpoint, state, connections, time, _log);
                        streams[node.Id] = (endpoint, stop, Task.Run(() => stream.RunAsync(stop.Token), CancellationToken.None));
                    }
                }
            }
        }
        finally
        {
            foreach ((_, CancellationTokenSource stop, Task stream) in streams.Values)
            {
                await stop.CancelAsync();
                await stream;
                stop.Dispose();
            }
        }
    }
}
