using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Ssh;

/// <summary>Who is to be told the keys now. All at once: a key that cannot be written harms nothing. Pure.</summary>
internal static class SshPlanner
{
    /// <summary>An agent writes them within seconds.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <param name="told">What was sent to whom, and when, in this term.</param>
    public static SshRound Plan(ClusterSnapshot cluster, string revision, ImmutableDictionary<NodeId, SshSending> told, DateTimeOffset now)
    {
        ImmutableArray<NodeId>.Builder due = ImmutableArray.CreateBuilder<NodeId>();
        DateTimeOffset? again = null;
        foreach (NodeView node in cluster.Nodes.Values.Where(node => IsBehind(node, revision)))
        {
            DateTimeOffset from = told.TryGetValue(node.Id, out SshSending? sent) && sent.Revision == revision ? sent.At + Patience : now;
            if (from <= now)
            {
                due.Add(node.Id);
            }
            else if (again is null || from < again)
            {
                again = from;
            }
        }

        return new SshRound(due.ToImmutable(), again);
    }

    /// <summary>An agent that has not looked yet may know them already, from its enrolment or from before it restarted.</summary>
    private static bool IsBehind(NodeView node, string revision) =>
        node is { Connected: true, Status.Ssh: { State.Length: > 0 } ssh } && ssh.Revision != revision;
}

/// <param name="At">When it was last tried.</param>
internal sealed record SshSending(string Revision, DateTimeOffset At);

/// <param name="LookAgain">When to plan again though nothing changes.</param>
internal sealed record SshRound(ImmutableArray<NodeId> Due, DateTimeOffset? LookAgain);
