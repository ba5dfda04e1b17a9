using RpiAgent.Agent.Containers;
using RpiAgent.Agent.Grpc;
using RpiAgent.Identity;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Boot;

/// <summary>
/// What leaders told this node: the held assignment and the newest epoch. Both mean something to one node of one cluster only: the next
/// one's leader may count from a lower epoch, and all that it orders would be stale.
/// </summary>
internal static class LeadersOrders
{
    private const string NodeName = "orders-of";

    /// <summary>Forgets the orders to another node than this one.</summary>
    public static void KeepOnly(AgentOptions options, NodeId node)
    {
        string path = options.State(NodeName);
        string known = File.Exists(path) ? File.ReadAllText(path).Trim() : "";
        if (known == node.Value)
        {
            return;
        }

        if (known.Length > 0)
        {
            Forget(options);
        }

        AtomicFile.Write(path, node.Value + "\n", AtomicFile.Private);
    }

    public static void Forget(AgentOptions options)
    {
        new Ledger(options.State(ContainerServices.LedgerName)).Delete();
        string epoch = options.State(EpochFence.FileName);
        if (File.Exists(epoch))
        {
            File.Delete(epoch);
            AtomicFile.SyncDirectory(Path.GetDirectoryName(epoch)!);
        }
    }
}
