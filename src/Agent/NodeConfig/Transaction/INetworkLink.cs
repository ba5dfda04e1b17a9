namespace RpiAgent.Agent.NodeConfig.Transaction;

/// <summary>The program in charge of an interface: takes it from the files as they were to the files as they are now.</summary>
internal interface INetworkLink
{
    /// <summary>The line of <c>txn/link</c> by which net-rollback.sh starts the interface again: <c>KIND IFACE [PROFILE]</c>.</summary>
    Task<string> DescribeAsync(ChangeAddress change, CancellationToken cancel);

    /// <summary>The backend's own opinion of the new files.</summary>
    /// <param name="place">Where the new version of a file of the node lies; null when it is no part of the change.</param>
    /// <returns>Null when it takes them.</returns>
    Task<string?> CheckFilesAsync(ChangeAddress change, Func<string, string?> place, CancellationToken cancel);

    /// <summary>Before the swap; the old files are in place.</summary>
    /// <param name="seconds">After which the change is taken back.</param>
    Task LeaveAsync(ChangeAddress change, string way, int seconds, CancellationToken cancel);

    /// <summary>After the swap.</summary>
    Task EnterAsync(ChangeAddress change, string way, CancellationToken cancel);

    /// <summary>Whether the link is on the new files by now, or at least no longer on the old ones: asked by an agent that did not see it through.</summary>
    Task<bool> IsEnteredAsync(string interfaceName, CancellationToken cancel);

    /// <summary>The change stays.</summary>
    Task KeepAsync(TransactionMarker marker, CancellationToken cancel);
}

/// <summary>The links of this node, by backend.</summary>
internal sealed class NetworkLinks(AgentOptions options, CommandRunner commands, RollbackScript script)
{
    private readonly IfupdownLink _ifupdown = new(options, commands, script);
    private readonly NetworkManagerLink _networkManager = new(options, commands, script);

    public INetworkLink For(NetworkBackend backend) => backend switch
    {
        NetworkBackend.Ifupdown => _ifupdown,
        NetworkBackend.NetworkManager => _networkManager,
        _ => throw new InvalidOperationException($"no way to change an interface of {backend}"),
    };
}
