namespace RpiAgent.Agent.Swarm;

internal enum SwarmAction
{
    Run,
    AlreadyDone,
    Refuse,
}

/// <param name="Reason">Of a refusal, in words.</param>
internal readonly record struct SwarmDecision(SwarmAction Action, string Reason)
{
    public static SwarmDecision Run { get; } = new(SwarmAction.Run, "");

    public static SwarmDecision AlreadyDone { get; } = new(SwarmAction.AlreadyDone, "");

    public static SwarmDecision Refuse(string reason) => new(SwarmAction.Refuse, reason);
}

/// <summary>Whether an order is to be run, was run before, or does not fit.</summary>
internal static class SwarmRules
{
    public static SwarmDecision Decide(SwarmOrder order, SwarmState state) => order switch
    {
        InitSwarm init => Init(init, state),
        JoinSwarm join => Join(join, state),
        LeaveSwarm => state.Inactive ? SwarmDecision.AlreadyDone : SwarmDecision.Run,
        ReadSwarmTokens or SetSwarmRole or RemoveSwarmNode or CreateSwarmNetwork or RemoveSwarmNetwork =>
            state is { Active: true, Manager: true } ? SwarmDecision.Run : SwarmDecision.Refuse($"this node is {Describe(state)}; only a manager can do that"),
        _ => SwarmDecision.Refuse("unknown order"),
    };

    private static SwarmDecision Init(InitSwarm init, SwarmState state)
    {
        if (state.Inactive)
        {
            return SwarmDecision.Run;
        }

        if (init.ForceNewCluster)
        {
            // A manager without quorum shows as active manager without peers, and one that cannot start as pending or error.
            return state is { Active: true, Manager: true, Peers: [{ Leader: true }] } ? SwarmDecision.AlreadyDone : SwarmDecision.Run;
        }

        return state is { Active: true, Manager: true } ? SwarmDecision.AlreadyDone
            : SwarmDecision.Refuse($"this node is {Describe(state)}; it must leave first");
    }

    private static SwarmDecision Join(JoinSwarm join, SwarmState state)
    {
        if (state.Inactive)
        {
            return SwarmDecision.Run;
        }

        bool same = state.RemoteManagers.Intersect(join.Managers, StringComparer.Ordinal).Any();
        return same && state.State is "active" or "pending" ? SwarmDecision.AlreadyDone
            : SwarmDecision.Refuse($"this node is {Describe(state)} of another swarm (managers {string.Join(", ", state.RemoteManagers)}); it must leave first");
    }

    private static string Describe(SwarmState state) => state.State switch
    {
        "active" => state.Manager ? "a manager" : "a worker",
        "inactive" or "" => "in no swarm",
        _ => $"{state.State}{(state.Error.Length > 0 ? $" ({state.Error})" : "")}",
    };
}
