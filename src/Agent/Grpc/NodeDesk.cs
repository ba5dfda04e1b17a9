using RpiAgent.Agent.Status;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Agent.Grpc;

/// <summary>Orders about the node itself: its configuration, and restarting it.</summary>
internal sealed class NodeDesk(NodeHost host, EpochFence fence, StatusBoard board)
{
    public async Task<Wire.ConfigureNodeReply> ConfigureAsync(Wire.ConfigureNodeRequest request, CancellationToken cancel)
    {
        Admit(request.Epoch);
        ConfigureOutcome outcome = await host.Configure(request.Spec ?? throw Errors.Invalid("the request holds no specification"), cancel);
        return new Wire.ConfigureNodeReply { Changed = outcome.Changed, TransactionId = outcome.TransactionId };
    }

    public async Task<Wire.RestartReply> RestartAsync(Wire.RestartRequest request, CancellationToken cancel)
    {
        Admit(request.Epoch);
        await host.Restart(request.PowerOff, cancel);
        return new Wire.RestartReply();
    }

    public async Task<Wire.SetSshKeysReply> SetSshKeysAsync(Wire.SetSshKeysRequest request, CancellationToken cancel)
    {
        Admit(request.Epoch);
        await host.SetSshKeys(request.Spec ?? throw Errors.Invalid("the request holds no keys"), cancel);
        return new Wire.SetSshKeysReply();
    }

    private void Admit(ulong epoch)
    {
        board.Contact();
        if (!fence.Admit(epoch, out ulong newest))
        {
            throw Errors.Stale($"the order of epoch {epoch} is stale: epoch {newest} has spoken");
        }
    }
}
