using RpiAgent.Identity;

namespace RpiAgent.Agent;

/// <summary>The agent's own folder at its start, before anything is written there.</summary>
internal static class StateFolder
{
    /// <summary>Takes away what writes left that a power cut ended.</summary>
    public static void Sweep(AgentOptions options)
    {
        AtomicFile.Sweep(options.Under(options.StateDirectory));
        AtomicFile.Sweep(options.State("identity"));
    }
}
