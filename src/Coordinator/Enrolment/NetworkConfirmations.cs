using System.Collections.Concurrent;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Enrolment;

/// <summary>A node was heard from its new address.</summary>
internal sealed record NetworkConfirmation(string TransactionId, string Address, DateTimeOffset At);

/// <summary>The last confirmation of each node. In memory only: whoever waits for one asks the node again after a restart.</summary>
internal sealed class NetworkConfirmations(TimeProvider time)
{
    private readonly ConcurrentDictionary<NodeId, NetworkConfirmation> _last = new();

    public NetworkConfirmation Remember(NodeId node, string transactionId, string address) =>
        _last[node] = new NetworkConfirmation(transactionId, address, time.GetUtcNow());

    public NetworkConfirmation? LastOf(NodeId node) => _last.GetValueOrDefault(node);
}
