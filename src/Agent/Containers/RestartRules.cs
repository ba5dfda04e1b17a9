namespace RpiAgent.Agent.Containers;

/// <summary>
/// What the restart condition means for a container that has stopped. While the engine itself restarts (and pauses longer and longer
/// in a crash loop) the state is "restarting"; "exited" is left when it was stopped by hand, could not start, or has ended for good.
/// </summary>
internal static class RestartRules
{
    public static bool Restarts(RestartRule rule, ObservedContainer exited) => rule.Condition switch
    {
        RestartCondition.Always or RestartCondition.UnlessStopped => true,
        RestartCondition.OnFailure => exited.ExitCode != 0 && (rule.MaxAttempts == 0 || exited.Restarts < rule.MaxAttempts),
        _ => false,
    };

    /// <summary>Ended, and will not be started again, with a failure.</summary>
    public static bool HasFailed(RestartRule rule, ObservedContainer container) =>
        container.State == ContainerState.Dead
        || (container.State == ContainerState.Exited && container.ExitCode != 0 && !Restarts(rule, container));

    /// <summary>What is to start after it may: it runs, or it ran to its end as it should.</summary>
    public static bool HasStarted(RestartRule rule, ObservedContainer container) =>
        container.State is ContainerState.Running or ContainerState.Paused
        || (container.State == ContainerState.Exited && container.ExitCode == 0 && !Restarts(rule, container));
}
