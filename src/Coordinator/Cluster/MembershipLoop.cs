using RpiAgent.Coordinator.Model;
using RpiAgent.Identity;

namespace RpiAgent.Coordinator.Cluster;

/// <summary>Keeps the marks of dead nodes and of settled conflicts true while this process leads.</summary>
internal sealed partial class MembershipLoop(ClusterState state, MembershipTimings timings, SteadyTime time, ILogger<MembershipLoop> log)
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
                (var nodes, DateTimeOffset? judge) = MembershipRules.Judge(snapshot.Nodes, since, timings, now);
                (nodes, DateTimeOffset? settle) = TwinRules.Settle(nodes, now);
                again = judge is null || settle < judge ? settle : judge;
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
            if (!before.Nodes.TryGetValue(node.Id, out NodeView? old))
            {
                continue;
            }

            if (old.Conflict is not null && node.Conflict is null)
            {
                LogSettled(node.Name);
            }

            if (old.Down != node.Down)
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

    [LoggerMessage(Level = LogLevel.Information, Message = "{Node} is one board again and takes orders")]
    private partial void LogSettled(string node);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Node} is back")]
    private partial void LogBack(string node);
}
