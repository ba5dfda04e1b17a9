using System.Collections.Immutable;
using System.Threading.Channels;
using RpiAgent.Agent.Engine;

namespace RpiAgent.Agent.Images;

/// <summary>Tells which images are here: at the start, at every change the engine reports, and now and then.</summary>
internal sealed partial class ImageInventory : BackgroundService
{
    private static readonly TimeSpan FullLook = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(5);

    private readonly ImageStore _store;
    private readonly Action<ImmutableArray<ImageRecord>> _publish;
    private readonly TimeProvider _time;
    private readonly ILogger<ImageInventory> _log;
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public ImageInventory(ImageStore store, EngineWatch watch, Action<ImmutableArray<ImageRecord>> publish, TimeProvider time, ILogger<ImageInventory> log)
    {
        (_store, _publish, _time, _log) = (store, publish, time, log);
        watch.Listen(happened =>
        {
            if (happened.Kind is EngineEventKind.Connected or EngineEventKind.Image)
            {
                _wake.Writer.TryWrite(true);
            }
        });
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            TimeSpan pause = FullLook;
            try
            {
                _publish(await _store.ListAsync(stoppingToken));
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(e.Message);
                pause = AfterFailure;
            }

            using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            await Task.WhenAny(_wake.Reader.WaitToReadAsync(over.Token).AsTask(), Task.Delay(pause, _time, over.Token));
            await over.CancelAsync();
            _wake.Reader.TryRead(out _);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Cannot list the images now: {Reason}")]
    private partial void LogFailed(string reason);
}
