using System.Net;
using RpiAgent.Agent.Enrolment;

namespace RpiAgent.Agent.Boot;

/// <summary>
/// The IPv4 from which this node reaches its coordinator, looked up again every few seconds; empty without a route. A coordinator known by
/// a name stays where it was last found while nobody can tell the name: a node whose DNS is away is not gone.
/// </summary>
internal sealed partial class NodeAddress(Uri coordinator, TimeProvider time, ILogger<NodeAddress> log) : BackgroundService
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LookUp = TimeSpan.FromSeconds(30);
    private volatile string _current = "";
    private IPAddress? _coordinator;
    private long _lookedUp;

    public string Current => _current;

    public async Task LookAsync(CancellationToken cancel)
    {
        if (_coordinator is null || time.GetElapsedTime(_lookedUp) > LookUp)
        {
            _coordinator = await RouteProbe.ResolveAsync(coordinator, cancel) ?? _coordinator;
            _lookedUp = time.GetTimestamp();
        }

        _current = _coordinator is { } known ? RouteProbe.To(known).Address : "";
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Look, time);
        do
        {
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(e.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Cannot look up this node's address: {Reason}")]
    private partial void LogFailed(string reason);
}
