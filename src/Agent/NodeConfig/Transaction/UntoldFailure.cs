namespace RpiAgent.Agent.NodeConfig.Transaction;

/// <summary>What a timer or a boot took back while no agent was there to tell it: told once, else the same order would just be tried again.</summary>
internal sealed class UntoldFailure(TransactionFiles files)
{
    private string _told = "";

    /// <summary>How this change ends is told by the one who makes it.</summary>
    public void IsTold(TransactionMarker marker) => _told = marker.Id;

    /// <returns>Why, or null.</returns>
    public string? Of(string orderedBy)
    {
        if (files.ReadFailure() is not { } failure || failure.Marker.RequestedBy != orderedBy || failure.Marker.Id == _told)
        {
            return null;
        }

        _told = failure.Marker.Id;
        return failure.Reason;
    }

    /// <summary>The same is ordered anew: it is to be tried, however it ended before.</summary>
    public void Forget(string orderedBy)
    {
        if (files.ReadFailure() is { } failure && failure.Marker.RequestedBy == orderedBy)
        {
            files.ForgetFailure();
        }
    }
}
