using Microsoft.Extensions.Logging;
using RpiAgent.Agent.NodeConfig.Transaction;

namespace RpiAgent.Agent.NodeConfig.Cli;

/// <summary>The transaction under way, seen from another process.</summary>
internal sealed class NetworkControl(AgentOptions options)
{
    private readonly TransactionFiles _files = new(options, new ConfigFiles(options));
    private readonly RollbackScript _script = new(options, new CommandRunner(TimeProvider.System));

    /// <exception cref="RefusalException">None waits, or its time is over.</exception>
    public async Task<string> ConfirmAsync(CancellationToken cancel)
    {
        using LoggerFactory loggers = new([new AuditLog(options, TimeProvider.System)]);
        return await NetworkTransaction.Create(options, new ConfigFiles(options), TimeProvider.System, loggers.CreateLogger<NetworkTransaction>()).ConfirmByHandAsync(cancel);
    }

    public TransactionMarker? Pending => _files.ReadMarker();

    public async Task RollBackAsync(string id, string reason, CancellationToken cancel)
    {
        await _script.RollBackAsync(id, reason, cancel);
        await _script.StopTimerAsync(cancel);
    }

    public string Describe()
    {
        string ended = _files.ReadFailure() is { } failure
            ? $"the last change that was taken back: {failure.Marker.Reason}: {failure.Reason}"
            : "no change was taken back";
        return _files.ReadMarker() is { } marker
            ? marker.Phase == TransactionPhase.Waiting ? $"change {marker.Id} waits for the next boot: {marker.Reason}" : $"change {marker.Id} is {marker.Phase.ToString().ToLowerInvariant()}: {marker.Reason}; taken back {marker.DeadlineSeconds} s after its start unless confirmed"
            : $"no change is waiting; {ended}";
    }
}
