using System.Globalization;
using Docker.DotNet.Models;

namespace RpiAgent.Agent.Engine;

/// <summary>What happened at the engine. <paramref name="Kind"/> and <paramref name="Action"/> are dockerd's words.</summary>
internal readonly record struct EngineEvent(EngineEventKind Kind, string Action, string ActorId);

internal enum EngineEventKind
{
    /// <summary>The stream is open (again): whatever was known may be old.</summary>
    Connected,

    /// <summary>The engine is gone; <see cref="EngineEvent.Action"/> says why.</summary>
    Disconnected,
    Container,
    Image,
    Network,
    SwarmNode,
}

/// <summary>Holds dockerd's event stream open for as long as the agent runs and tells all who listen.</summary>
internal sealed partial class EngineWatch(DockerEngine engine, TimeProvider time, ILogger<EngineWatch> log) : BackgroundService
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    /// <summary>Health checks run as exec: without this filter each of them would wake everybody.</summary>
    private static readonly string[] Actions =
    [
        "create", "start", "die", "destroy", "rename", "pause", "unpause", "health_status", "oom", "update", "remove",
        "load", "import", "pull", "tag", "untag", "delete", "connect", "disconnect",
    ];

    private static readonly string[] Types = ["container", "image", "network", "node"];

    private readonly Lock _gate = new();
    private volatile Action<EngineEvent>? _listeners;

    /// <summary>The engine answers now.</summary>
    public bool Up { get; private set; }

    /// <summary>Listeners are called on the reading thread and must return at once.</summary>
    public void Listen(Action<EngineEvent> listener)
    {
        lock (_gate)
        {
            _listeners += listener;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        TimeSpan pause = FirstPause;
        string? lastReason = null;
        while (!stoppingToken.IsCancellationRequested)
        {
            string reason;
            try
            {
                await engine.PingAsync(stoppingToken);
                Up = true;
                lastReason = null;
                pause = FirstPause;
                Task stream = engine.MonitorEventsAsync(Filter(time.GetUtcNow()), new Receiver<Message>(Receive), stoppingToken);
                _listeners?.Invoke(new EngineEvent(EngineEventKind.Connected, "", ""));
                await stream;
                reason = "dockerd closed its event stream";
            }
            catch (EngineException e)
            {
                reason = e.Message;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                reason = $"reading engine events failed: {e.Message}";
            }

            Up = false;
            engine.Forget();
            if (reason != lastReason)
            {
                LogLost(reason);
                lastReason = reason;
                _listeners?.Invoke(new EngineEvent(EngineEventKind.Disconnected, reason, ""));
            }

            await Task.Delay(pause, time, stoppingToken);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private void Receive(Message message)
    {
        EngineEventKind? kind = message.Type switch
        {
            "container" => EngineEventKind.Container,
            "image" => EngineEventKind.Image,
            "network" => EngineEventKind.Network,
            "node" => EngineEventKind.SwarmNode,
            _ => null,
        };
        if (kind is { } known)
        {
            _listeners?.Invoke(new EngineEvent(known, message.Action, message.Actor?.ID ?? ""));
        }
    }

    /// <param name="since">Events between this moment and the opening of the stream are told too.</param>
    private static ContainerEventsParameters Filter(DateTimeOffset since) => new()
    {
        Since = since.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
        Filters = new Dictionary<string, IDictionary<string, bool>>
        {
            ["type"] = Types.ToDictionary(type => type, _ => true),
            ["event"] = Actions.ToDictionary(action => action, _ => true),
        },
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "Lost the Docker engine, trying again: {Reason}")]
    private partial void LogLost(string reason);
}
