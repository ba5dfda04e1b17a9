using RpiAgent.Agent.Enrolment;
using RpiAgent.Agent.Grpc;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Agent.Registration;
using RpiAgent.Agent.Status;
using RpiAgent.Consul;
using RpiAgent.Identity;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Boot;

/// <summary>
/// What an enrolled node does in order: its own configuration, then the catalog, then renewal of its certificate for good.
/// The containers do not wait for any of it: they run from the ledger.
/// </summary>
internal sealed partial class NodeLife(
    CurrentNode node, NodeConfiguring configuring, NodeAddress address, NodeDescriber describer, NodeLifeServices services, ILogger<NodeLife> log) : BackgroundService
{
    private static readonly TimeSpan ConfigureAgain = TimeSpan.FromMinutes(1);

    /// <summary>Each try of an address that does not work costs the node its network for a moment.</summary>
    private static readonly TimeSpan AfterRollback = TimeSpan.FromMinutes(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        configuring.Tell = status => services.Board.Update(report => report with { Config = status });
        Task renewal = services.Renewal.RunAsync(() => node.Current, () => configuring.IsSettled ? address.Current : "", services.Live, services.Tls, node.Renew, stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            using CancellationTokenSource replaced = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, node.Changed);
            EnrolledNode current = node.Current;
            try
            {
                TimeSpan? again = await TryConfigureAsync(replaced.Token);
                Task registration = RegisterAsync(current, replaced.Token);
                while (again is { } pause)
                {
                    await Task.Delay(pause, services.Time, replaced.Token);
                    again = await TryConfigureAsync(replaced.Token);
                }

                await registration;
            }
            catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
            {
                LogReplaced();
            }
        }

        await renewal;
    }

    /// <summary>Null when all is as wanted, else when to try again. A refusal is told and does not keep the node from registering as it is.</summary>
    private async Task<TimeSpan?> TryConfigureAsync(CancellationToken cancel)
    {
        try
        {
            NodeConfigOutcome outcome = await configuring.ApplyAsync(cancel);
            if (outcome.Result is NodeConfigResult.Changed or NodeConfigResult.Unchanged)
            {
                return null;
            }

            LogNotConfigured(outcome.Detail);
            return outcome.Result == NodeConfigResult.RolledBack ? AfterRollback : ConfigureAgain;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogNotConfigured(e.Message);
            return ConfigureAgain;
        }
    }

    private async Task RegisterAsync(EnrolledNode current, CancellationToken cancel)
    {
        TimeSpan beat = TimeSpan.FromSeconds(services.Options.HeartbeatSeconds);
        using ConsulClient consul = new(
            new ConsulOptions
            {
                Urls = [current.Spec.ConsulUrl],
                Token = current.Spec.ConsulToken,
                Tls = services.Tls.ClientOptions(PeerRole.Consul),
                Retries = 0,
                Timeout = beat,
            },
            services.Time);
        RegistrationLoop loop = new(consul, beat, services.Time, services.RegistrationLog);
        await address.LookAsync(cancel);
        string engine = "";
        await loop.RunAsync(
            async token =>
            {
                // dockerd may start later than we do.
                engine = engine.Length > 0 ? engine : (await describer.EngineAsync(token))?.Version ?? "";
                return RegistrationPlanner.Describe(current.Id, current.Spec.Name, address.Current, services.Options.Port, beat, BoardFacts.Of(current.Saved.Board, engine));
            },
            cancel);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The node's configuration is not as wanted, trying again later: {Reason}")]
    private partial void LogNotConfigured(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "The coordinator gave a new certificate or configuration")]
    private partial void LogReplaced();
}

/// <summary>What <see cref="NodeLife"/> works with.</summary>
internal sealed record NodeLifeServices(
    AgentOptions Options, RenewalLoop Renewal, LiveCredentials Live, ClusterTls Tls, StatusBoard Board, TimeProvider Time, ILogger<RegistrationLoop> RegistrationLog);

/// <summary>This node as last enrolled or renewed.</summary>
internal sealed class CurrentNode(EnrolledNode first) : IDisposable
{
    private readonly Lock _gate = new();
    private EnrolledNode _current = first;
    private CancellationTokenSource _changed = new();

    public EnrolledNode Current
    {
        get
        {
            lock (_gate)
            {
                return _current;
            }
        }
    }

    /// <summary>Cancelled when <see cref="Current"/> is replaced.</summary>
    public CancellationToken Changed
    {
        get
        {
            lock (_gate)
            {
                return _changed.Token;
            }
        }
    }

    /// <summary>Notes what concerns nobody else: <see cref="Changed"/> is not cancelled.</summary>
    public void Update(Func<SavedEnrolment, SavedEnrolment> change)
    {
        lock (_gate)
        {
            _current = _current with { Saved = change(_current.Saved) };
        }
    }

    /// <summary>Takes new credentials and access to Consul; what was ordered meanwhile stays.</summary>
    public void Renew(EnrolledNode renewed) => Replace(current => renewed with { Saved = current.Saved.Renewed(renewed.Saved.Board, renewed.Spec) });

    /// <param name="next">From this node as it is now.</param>
    public void Replace(Func<EnrolledNode, EnrolledNode> next)
    {
        CancellationTokenSource old;
        lock (_gate)
        {
            _current = next(_current);
            old = _changed;
            _changed = new CancellationTokenSource();
        }

        old.Cancel();
        old.Dispose();
    }

    public void Dispose() => _changed.Dispose();
}

/// <summary>What the catalog says of a board.</summary>
internal static class BoardFacts
{
    public static IEnumerable<KeyValuePair<string, string>> Of(Board board, string engineVersion) =>
    [
        new("model", board.Model),
        new("platform", board.Platform),
        new("kernel-arch", board.KernelArch),
        new("arch", board.UserlandArch),
        new("cores", $"{board.Cores}"),
        new("memory-bytes", $"{board.MemoryBytes}"),
        new("serial", board.Serial),
        new("mac", board.Mac),
        new("engine-version", engineVersion),
    ];
}
