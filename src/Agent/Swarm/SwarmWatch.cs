using System.Threading.Channels;
using RpiAgent.Agent.Engine;

namespace RpiAgent.Agent.Swarm;

/// <summary>
/// Tells this engine's part in the swarm: at once when the engine reports a change of nodes or networks or an order was run,
/// and every few seconds, as an engine says nothing when its own state changes.
/// </summary>
internal sealed partial class SwarmWatch : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly SwarmReader _reader;
    private readonly Action<SwarmState> _publish;
    private readonly TimeProvider _time;
    private readonly ILogger<SwarmWatch> _log;
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public SwarmWatch(SwarmReader reader, EngineWatch watch, Action<SwarmState> publish, TimeProvider time, ILogger<SwarmWatch> log)
    {
        (_reader, _publish, _time, _log) = (reader, publish, time, log);
        watch.Listen(happened =>
        {
            if (happened.Kind is EngineEventKind.Connected or EngineEventKind.SwarmNode
                || (happened.Kind == EngineEventKind.Network && happened.Action is "create" or "remove" or "destroy"))
            {
                LookNow();
            }
        });
    }

    public void LookNow() => _wake.Writer.TryWrite(true);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                _publish(await _reader.ReadAsync(stoppingToken));
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(e.Message);
            }

            using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            await Task.WhenAny(_wake.Reader.WaitToReadAsync(over.Token).AsTask(), Task.Delay(Pause, _time, over.Token));
            await over.CancelAsync();
            _wake.Reader.TryRead(out _);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Cannot read the swarm's state now: {Reason}")]
    private partial void LogFailed(string reason);
}
