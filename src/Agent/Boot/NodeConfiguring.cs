using RpiAgent.Agent.Enrolment;
using RpiAgent.Agent.Grpc;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Agent.NodeConfig.Transaction;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Agent.Boot;

/// <summary>Connects the node's own configuration with what the coordinator wants, by enrolment and by order.</summary>
internal sealed partial class NodeConfiguring(
    CurrentNode node, IdentityStore store, NodeAddress address, NodeConfigurator configurator, ContactConfirmer confirmer, CommandRunner commands, ILogger<NodeConfiguring> log) : IAsyncDisposable
{
    /// <summary>For the answer to leave by the old address.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan CommandLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan CarryOutAgain = TimeSpan.FromMinutes(1);

    /// <summary>Half-way there may be no network, or no engine; systemd waits 90 s.</summary>
    private static readonly TimeSpan Finish = TimeSpan.FromSeconds(75);
    private readonly SemaphoreSlim _oneOrder = new(1, 1);
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Gets each change of how the configuration stands.</summary>
    public Action<Wire.ConfigStatus> Tell { get; set; } = _ => { };

    /// <summary>Nothing is being tried that may be taken back.</summary>
    public bool IsSettled => _oneOrder.CurrentCount > 0 && node.Current.Saved.Next is null && configurator.RefusePending() is null;

    /// <summary>This node as the gRPC service needs it.</summary>
    public NodeHost Host(Func<Wire.SshSpec, CancellationToken, Task> setSshKeys) => new()
    {
        Id = node.Current.Id,
        Name = () => node.Current.Spec.Name,
        Address = () => address.Current,
        Hardware = () => node.Current.Saved.Board.ToWire(),
        Network = () => new Wire.NetworkSpec { Interface = node.Current.Spec.Network.Interface, Method = node.Current.Spec.Network.Method, Address = address.Current },
        Configure = Order,
        Restart = RestartAsync,
        SetSshKeys = setSshKeys,
    };

    /// <summary>What was ordered last, if that is still to be tried, then what holds.</summary>
    public async Task<NodeConfigOutcome> ApplyAsync(CancellationToken cancel)
    {
        await _oneOrder.WaitAsync(cancel);
        try
        {
            await TryNextAsync(cancel);
            EnrolledSpec spec = node.Current.Spec;
            NodeConfigOutcome outcome = await ApplyAsync(spec, isOrder: false, cancel);
            Tell(node.Current.Saved switch
            {
                { Next: { } ordered } => Applying(ordered), // meanwhile; it is carried out in a moment
                { Failed: { } failed } => StatusOf(failed),
                _ => StatusOf(spec, outcome),
            });
            return outcome;
        }
        finally
        {
            _oneOrder.Release();
        }
    }

    /// <summary>Lets a step that has begun come to its end; what waits, waits for the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _oneOrder.WaitAsync(Finish, CancellationToken.None);
        _oneOrder.Dispose();
        _stop.Dispose();
    }

    private static Wire.ConfigStatus Applying(EnrolledSpec spec) => new() { Revision = spec.Revision, State = "applying" };

    private static Wire.ConfigStatus StatusOf(FailedOrder failed) => new() { Revision = failed.Revision, State = failed.State, Detail = failed.Detail };

    private static Wire.ConfigStatus StatusOf(EnrolledSpec spec, NodeConfigOutcome outcome) => new() { Revision = spec.Revision, State = WordOf(outcome.Result), Detail = outcome.Detail };

    private static string WordOf(NodeConfigResult result) => result switch
    {
        NodeConfigResult.Unchanged or NodeConfigResult.Changed => "applied",
        NodeConfigResult.RolledBack => "rolled-back",
        NodeConfigResult.Refused => "refused",
        _ => "failed",
    };

    /// <summary>
    /// The order is on disk before it is answered and carried out afterwards, since a change of address cuts the caller's own
    /// connection; how it ended is told with the status.
    /// </summary>
    private Task<ConfigureOutcome> Order(Wire.NodeSpec wire, CancellationToken cancel)
    {
        SavedEnrolment saved = node.Current.Saved;
        EnrolledSpec next = Read(wire, saved.Spec);
        if (saved.Next is { } pending && pending.Revision != next.Revision)
        {
            throw new NodeRefusedException($"{RefusalCodes.TransactionPending}: another configuration is being tried; try again in a few minutes");
        }

        if (configurator.RefusePending() is { } refusal && saved.Next is null)
        {
            throw new NodeRefusedException(refusal.ToString());
        }

        if (saved.Next is null)
        {
            Note(next);
            Tell(Applying(next));
            LogOrdered(next.Revision);
            _ = Task.Run(() => CarryOutAsync(next.Revision), CancellationToken.None);
        }

        return Task.FromResult(new ConfigureOutcome(true, ""));
    }

    /// <exception cref="NodeRefusedException">It cannot be written.</exception>
    private void Note(EnrolledSpec next)
    {
        try
        {
            configurator.ForgetFailure(NameOf(next));
            store.Change(Ordered);
            node.Update(Ordered);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NodeRefusedException(Refusal.OfDisk(e).ToString(), e);
        }

        SavedEnrolment Ordered(SavedEnrolment saved) => saved with { Next = next, Failed = null };
    }

    /// <exception cref="NodeRefusedException">An address, gateway, name server or interface that cannot be used.</exception>
    private static EnrolledSpec Read(Wire.NodeSpec wire, EnrolledSpec known)
    {
        try
        {
            wire.Consul ??= new Wire.ConsulSpec { Url = known.ConsulUrl.AbsoluteUri, Token = known.ConsulToken };
            if (wire.Network is { Interface.Length: 0 })
            {
                wire.Network.Interface = known.Network.Interface;
            }

            NodeConfig.ProtoMapping.ToNodeSpec(wire, known.Network.Interface);
            return wire.ToModel();
        }
        catch (Exception e) when (e is RefusalException or FormatException)
        {
            throw new NodeRefusedException(e.Message, e);
        }
    }

    /// <summary>Until how it ended is written down: a full disk may have room again.</summary>
    private async Task CarryOutAsync(string revision)
    {
        try
        {
            TimeSpan pause = AnswerTime;
            do
            {
                await Task.Delay(pause, TimeProvider.System, _stop.Token);
                pause = CarryOutAgain;
            }
            while (!await TryCarryOutAsync(revision));
        }
        catch (OperationCanceledException)
        {
            // The next start does it: it is on disk.
        }
    }

    private async Task<bool> TryCarryOutAsync(string revision)
    {
        await _oneOrder.WaitAsync(_stop.Token);
        try
        {
            await TryNextAsync(_stop.Token);
            return true;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogOrderFailed(e, revision);
            Tell(StatusOf(new FailedOrder(revision, WordOf(NodeConfigResult.Failed), e.Message)));
            return false;
        }
        finally
        {
            _oneOrder.Release();
        }
    }

    /// <summary>Under the lock. Keeps what was ordered when it works; else the node stays with what it had.</summary>
    private async Task TryNextAsync(CancellationToken cancel)
    {
        if (node.Current.Saved.Next is not { } next)
        {
            return;
        }

        NodeConfigOutcome outcome = await ApplyAsync(next, isOrder: true, cancel);
        bool isApplied = WordOf(outcome.Result) == "applied";
        FailedOrder? failed = isApplied ? null : new FailedOrder(next.Revision, WordOf(outcome.Result), outcome.Detail);
        store.Change(Ended);
        Tell(failed is null ? StatusOf(next, outcome) : StatusOf(failed));
        node.Replace(current => current with { Saved = Ended(current.Saved) });

        SavedEnrolment Ended(SavedEnrolment saved) => saved with { Spec = isApplied && saved.Next is { } done ? done : saved.Spec, Next = null, Failed = failed };
    }

    private async Task<NodeConfigOutcome> ApplyAsync(EnrolledSpec spec, bool isOrder, CancellationToken cancel)
    {
        // What failed is told until there is another order: putting the node in order as it was does not undo that.
        if (node.Current.Saved.Failed is null)
        {
            Tell(Applying(node.Current.Saved.Next ?? spec));
        }

        NodeSpec desired = new(spec.Name, WishOf(spec.Network), spec.DockerOptions)
        {
            DockerClients = spec.DockerClients,
            EngineCertificate = spec.EngineCertificate,
            WithdrawsDockerOptions = spec.DockerOptions.IsEmpty && !node.Current.Spec.DockerOptions.IsEmpty,
            OrderedBy = NameOf(spec),
            TriesWhatFailed = isOrder,
        };
        NodeConfigOutcome outcome = await configurator.ApplyAsync(desired, ConfirmAsync, cancel);
        await address.LookAsync(cancel);
        return outcome;
    }

    private static string NameOf(EnrolledSpec spec) => $"order {spec.Revision}";

    private static AddressWish? WishOf(EnrolledNetwork network) => network.Method switch
    {
        "static" => AddressWish.Static(network.Interface, network.Address, network.Gateway.Length > 0 ? network.Gateway : null, network.Dns),
        "dhcp" => AddressWish.Dhcp(network.Interface),
        _ => null,
    };

    private async Task<bool> ConfirmAsync(TransactionMarker change, CancellationToken cancel)
    {
        string? why = await confirmer.TryConfirmAsync(node.Current.Saved.Coordinator, new AddressClaim(change.Id, change.Interface, change.Address), cancel);
        if (why is not null)
        {
            LogNotConfirmed(change.Id, why);
        }

        return why is null;
    }

    private async Task RestartAsync(bool powerOff, CancellationToken cancel)
    {
        string verb = powerOff ? "poweroff" : "reboot";
        LogRestart(verb);
        (await commands.RunAsync("systemctl", [verb], CommandLimit, cancel)).OrThrow();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Address change {Transaction} is not confirmed yet: {Reason}")]
    private partial void LogNotConfirmed(string transaction, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "The coordinator orders configuration {Revision}")]
    private partial void LogOrdered(string revision);

    [LoggerMessage(Level = LogLevel.Information, Message = "The coordinator orders: {Verb}")]
    private partial void LogRestart(string verb);

    [LoggerMessage(Level = LogLevel.Error, Message = "Configuration {Revision} could not be carried out")]
    private partial void LogOrderFailed(Exception fault, string revision);
}
