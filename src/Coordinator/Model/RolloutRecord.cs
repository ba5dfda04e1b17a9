using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Model;

/// <summary>Whose configuration is being changed, under <c>rpi/rollout</c>: written before the node is told, so that the next leader goes on with the same one.</summary>
internal sealed record RolloutRecord
{
    public int Schema { get; set; } = 1;
    /// <summary>Null = nobody's.</summary>
    public NodeId? Node { get; set; }
    public string Revision { get; set; } = "";
    /// <summary>How it failed; empty otherwise.</summary>
    public string Failure { get; set; } = "";
}
