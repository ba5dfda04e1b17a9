using Docker.DotNet.Models;
using RpiAgent.Agent.Engine;

namespace RpiAgent.Agent.Swarm;

/// <summary>Runs the leader's orders at the engine, one after the other.</summary>
internal sealed partial class SwarmOrders(DockerEngine engine, SwarmReader reader, TimeProvider time, ILogger<SwarmOrders> log) : IDisposable
{
    private const string ListenAddress = "0.0.0.0:2377";
    private const int OverlayPrefixLength = 24;
    private const int UpdateTries = 5;
    private readonly SemaphoreSlim _one = new(1);

    /// <exception cref="SwarmRefusedException">It does not fit the engine's state; nothing was changed.</exception>
    /// <exception cref="EngineException">The engine refused or failed.</exception>
    public async Task<SwarmOutcome> RunAsync(SwarmOrder order, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            SwarmDecision decision = SwarmRules.Decide(order, await reader.ReadAsync(cancel));
            if (decision.Action == SwarmAction.Refuse)
            {
                throw new SwarmRefusedException(decision.Reason);
            }

            SwarmOutcome outcome = decision.Action == SwarmAction.Run ? await RunNowAsync(order, cancel) : new SwarmOutcome();
            SwarmState after = await reader.ReadAsync(cancel);
            LogRan(order.GetType().Name, decision.Action, after.State);
            return outcome with { SwarmNodeId = after.NodeId, ClusterId = after.ClusterId };
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private async Task<SwarmOutcome> RunNowAsync(SwarmOrder order, CancellationToken cancel)
    {
        switch (order)
        {
            case InitSwarm init:
                SwarmInitParameters parameters = new() { ListenAddr = ListenAddress, AdvertiseAddr = init.AdvertiseAddress, ForceNewCluster = init.ForceNewCluster, Spec = new Spec() };
                if (init.AddressPool.Length > 0)
                {
                    (parameters.DefaultAddrPool, parameters.SubnetSize) = ([init.AddressPool], OverlayPrefixLength);
                }

                await engine.Swarm.InitAsync(parameters, cancel);
                break;
            case JoinSwarm join:
                await engine.Swarm.JoinAsync(
                    new SwarmJoinParameters { ListenAddr = ListenAddress, AdvertiseAddr = join.AdvertiseAddress, RemoteAddrs = [.. join.Managers], JoinToken = join.JoinToken },
                    cancel);
                break;
            case LeaveSwarm leave:
                await engine.Swarm.LeaveAsync(leave.Force, cancel);
                break;
            case ReadSwarmTokens:
                JoinTokens tokens = (await engine.Swarm.InspectAsync(cancel)).JoinTokens;
                return new SwarmOutcome { WorkerToken = tokens.Worker, ManagerToken = tokens.Manager };
            case SetSwarmRole role:
                await SetRoleAsync(role, cancel);
                break;
            case RemoveSwarmNode node:
                await UnlessGoneAsync(engine.Swarm.RemoveNodeAsync(node.SwarmNodeId, node.Force, cancel));
                break;
            case CreateSwarmNetwork network:
                return new SwarmOutcome { NetworkId = await CreateNetworkAsync(network, cancel) };
            case RemoveSwarmNetwork network:
                await UnlessGoneAsync(engine.Networks.RemoveAsync(network.Name, cancel));
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(order), order, "unknown order");
        }

        return new SwarmOutcome();
    }

    /// <summary>The engine refuses an update of a node that has changed since it was read (heartbeats do that): read again.</summary>
    private async Task SetRoleAsync(SetSwarmRole order, CancellationToken cancel)
    {
        string role = order.Manager ? "manager" : "worker";
        for (int tried = 1; ; tried++)
        {
            NodeListResponse node = await engine.Swarm.InspectNodeAsync(order.SwarmNodeId, cancel);
            NodeUpdateParameters spec = node.Spec ?? new NodeUpdateParameters { Availability = "active" };
            if (spec.Role == role)
            {
                return;
            }

            spec.Role = role;
            try
            {
                await engine.Swarm.UpdateNodeAsync(order.SwarmNodeId, node.Version?.Index ?? 0, spec, cancel);
                return;
            }
            catch (EngineException e) when (tried < UpdateTries && e.Message.Contains("out of sequence", StringComparison.Ordinal))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50 * tried), time, cancel);
            }
        }
    }

    private async Task<string> CreateNetworkAsync(CreateSwarmNetwork order, CancellationToken cancel)
    {
        NetworkResponse? found = await engine.Networks.FindAsync(order.Name, cancel);
        if (found is not null && found.Name == order.Name)
        {
            return found is { Driver: "overlay", Attachable: true }
                ? found.ID
                : throw new SwarmRefusedException($"a network {order.Name} is here already and is no attachable overlay (driver {found.Driver}); rename it or remove it");
        }

        Dictionary<string, string> options = [];
        if (order.Encrypted)
        {
            options["encrypted"] = "";
        }

        if (order.Mtu > 0)
        {
            options["com.docker.network.driver.mtu"] = order.Mtu.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        return await engine.Networks.CreateAsync(
            new NetworksCreateParameters
            {
                Name = order.Name,
                Driver = "overlay",
                Attachable = true,
                Internal = order.Internal,
                Labels = new Dictionary<string, string>(order.Labels, StringComparer.Ordinal),
                Options = options,
            },
            cancel);
    }

    private static async Task UnlessGoneAsync(Task call)
    {
        try
        {
            await call;
        }
        catch (EngineException e) when (e.NotFound || e.Message.EndsWith("not found", StringComparison.Ordinal)) // a network being removed: 403
        {
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Swarm order {Order}: {Action}; the swarm is {State} here")]
    private partial void LogRan(string order, SwarmAction action, string state);
}
