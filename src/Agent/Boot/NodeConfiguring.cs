using System.Collections.Immutable;
using RpiAgent.Agent.Enrolment;
using RpiAgent.Agent.Grpc;
using RpiAgent.Agent.NodeConfig;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Agent.Boot;

/// <summary>Connects the node's own configuration with what the coordinator wants, by enrolment and by order.</summary>
internal sealed partial class NodeConfiguring(
    CurrentNode node, NodeAddress address, NodeConfigurator configurator, ContactConfirmer confirmer, CommandRunner commands, ILogger<NodeConfiguring> log)
{
    /// <summary>For the answer to leave by the old address.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan CommandLimit = TimeSpan.FromSeconds(20);

    public Task<NodeConfigOutcome> ApplyAsync(EnrolledSpec spec, CancellationToken cancel) =>
        ApplyAsync(new NodeSpec(spec.Name, WishOf(spec.Network), spec.DockerOptions), cancel);

    /// <summary>This node as the gRPC service needs it.</summary>
    public NodeHost Host() => new()
    {
        Id = node.Current.Id,
        Name = () => node.Current.Spec.Name,
        Address = () => address.Current,
        Hardware = () => node.Current.Saved.Board.ToWire(),
        Network = () => new Wire.NetworkSpec { Interface = node.Current.Spec.Network.Interface, Method = node.Current.Spec.Network.Method, Address = address.Current },
        Configure = ConfigureAsync,
        Restart = RestartAsync,
    };

    private static AddressWish? WishOf(EnrolledNetwork network) => network.Method switch
    {
        "static" => AddressWish.Static(network.Interface, network.Address, network.Gateway.Length > 0 ? network.Gateway : null, network.Dns),
        "dhcp" => AddressWish.Dhcp(network.Interface),
        _ => null,
    };

    private async Task<NodeConfigOutcome> ApplyAsync(NodeSpec spec, CancellationToken cancel)
    {
        NodeConfigOutcome outcome = await configurator.ApplyAsync(spec, ConfirmAsync, cancel);
        await address.LookAsync(cancel);
        return outcome;
    }

    private async Task<bool> ConfirmAsync(string transaction, CancellationToken cancel)
    {
        string? why = await confirmer.TryConfirmAsync(node.Current.Saved.Coordinator, transaction, cancel);
        if (why is not null)
        {
            LogNotConfirmed(transaction, why);
        }

        return why is null;
    }

    /// <summary>A change of address cuts the caller's own connection: it is answered first and made afterwards.</summary>
    private async Task<ConfigureOutcome> ConfigureAsync(Wire.NodeSpec wire, CancellationToken cancel)
    {
        NodeSpec spec;
        try
        {
            spec = NodeConfig.ProtoMapping.ToNodeSpec(wire, node.Current.Spec.Network.Interface);
        }
        catch (RefusalException e)
        {
            throw new NodeRefusedException(e.Message, e);
        }

        if (spec.Address is not null && spec.Address != WishOf(node.Current.Spec.Network))
        {
            if (configurator.RefusePending() is { } pending)
            {
                throw new NodeRefusedException(pending.ToString());
            }

            _ = Task.Run(() => ApplyLaterAsync(spec), CancellationToken.None);
            return new ConfigureOutcome(true, "");
        }

        NodeConfigOutcome outcome = await ApplyAsync(spec, cancel);
        return outcome.Result is NodeConfigResult.Changed or NodeConfigResult.Unchanged
            ? new ConfigureOutcome(outcome.Result == NodeConfigResult.Changed, "")
            : throw new NodeRefusedException(outcome.Detail);
    }

    private async Task ApplyLaterAsync(NodeSpec spec)
    {
        await Task.Delay(AnswerTime, TimeProvider.System, CancellationToken.None);
        await ApplyAsync(spec, CancellationToken.None);
    }

    private async Task RestartAsync(bool powerOff, CancellationToken cancel) =>
        (await commands.RunAsync("systemctl", [powerOff ? "poweroff" : "reboot"], CommandLimit, cancel)).OrThrow();

    [LoggerMessage(Level = LogLevel.Warning, Message = "Address change {Transaction} is not confirmed yet: {Reason}")]
    private partial void LogNotConfirmed(string transaction, string reason);
}
