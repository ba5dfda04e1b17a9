using RpiAgent.Coordinator.Model;

namespace RpiAgent.Coordinator.Cluster;

/// <summary>Keeps the marks of dead nodes true while this process leads.</summary>
internal sealed partial class MembershipLoop(ClusterState state, MembershipTimings timings, TimeProvider time, ILogger<MembershipLoop> log)
{
    public async Task RunAsync(CancellationToken cancel)
    {
        DateTimeOffset since = time.GetUtcNow();
        while (true)
        {
            DateTimeOffset? again = null;
            DateTimeOffset now = time.GetUtcNow();
            ClusterSnapshot before = state.Current;
            ClusterSnapshot after = state.Update(snapshot =>
            {
                before = snapshot;
                (var nodes, again) = MembershipRules.Judge(snapshot.Nodes, since, timings, now);
                return ReferenceEquals(nodes, snapshot.Nodes) ? snapshot : snapshot with { Nodes = nodes };
            });
            Tell(before, after);
            await state.WaitForNewerAsync(after.Revision, again - now, time, cancel);
        }
    }

    private void Tell(ClusterSnapshot before, ClusterSnapshot after)
    {
        foreach (NodeView node in after.Nodes.Values)
        {
            if (before.Nodes.TryGetValue(node.Id, out NodeView? old) && old.Down != node.Down)
            {
                if (node.Down)
                {
                    LogDown(node.Name);
                }
                else
                {
                    LogBack(node.Name);
                }
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Node} is down: it neither answers nor reports to Consul")]
    private partial void LogDown(string node);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Node} is back")]
    private partial void LogBack(string node);
}
