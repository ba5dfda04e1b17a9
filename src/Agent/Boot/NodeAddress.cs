using RpiAgent.Agent.Enrolment;

namespace RpiAgent.Agent.Boot;

/// <summary>The IPv4 from which this node reaches its coordinator, looked up again every few seconds; empty without a route.</summary>
internal sealed class NodeAddress(Uri coordinator, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);
    private volatile string _current = "";

    public string Current => _current;

    public async Task LookAsync(CancellationToken cancel) => _current = (await RouteProbe.ToAsync(coordinator, cancel)).Address;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Look, time);
        do
        {
            await LookAsync(stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
