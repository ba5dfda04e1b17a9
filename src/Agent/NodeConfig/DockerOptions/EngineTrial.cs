using RpiAgent.Agent.NodeConfig.Transaction;

namespace RpiAgent.Agent.NodeConfig.DockerOptions;

/// <summary>
/// While options are being tried the engine may be another one, with nothing of what this node has (--data-root): what it says then is not to be
/// told, and containers and a swarm that are made in it are lost with it. Only <see cref="EngineTransaction"/> asks it.
/// </summary>
internal sealed class EngineTrial(AgentOptions options)
{
    private readonly string _marker = Path.Join(options.State(EngineTransaction.Area), TransactionFiles.MarkerName);

    /// <summary>Why nobody else may ask the engine now; null when all may. Also of a trial that an agent before this one began.</summary>
    public string? WhyNot() =>
        File.Exists(_marker) && TransactionFiles.ReadMarker(_marker) is { Phase: not TransactionPhase.Confirmed } ? "its options are being changed" : null;
}
