using RpiAgent.Agent.NodeConfig.Interfaces;

namespace RpiAgent.Agent.NodeConfig.Transaction;

/// <summary>An interface of ifupdown: ifdown with the old files, ifup with the new ones.</summary>
internal sealed class IfupdownLink(AgentOptions options, CommandRunner commands, RollbackScript script) : INetworkLink
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    private readonly IfupdownGate _gate = new(options, commands);

    private bool IsFolder => options.Root != "/";

    /// <summary>KIND is <c>hotplug</c> when udev starts the interface as ifup@NAME.service, else <c>auto</c>.</summary>
    public async Task<string> DescribeAsync(ChangeAddress change, CancellationToken cancel)
    {
        string name = change.Wish.Interface;
        bool isHotplug = !IsFolder && (await commands.RunAsync("systemctl", ["is-active", $"ifup@{name}.service"], Limit, cancel)).Output.Trim() == "active";
        return $"{(isHotplug ? "hotplug" : "auto")} {name}";
    }

    public async Task<string?> CheckFilesAsync(ChangeAddress change, Func<string, string?> place, CancellationToken cancel) =>
        !IsFolder && place(InterfacesReader.MainPath) is { } file ? await _gate.RefuseAsync(change.Wish.Interface, file, cancel) : null;

    public Task LeaveAsync(ChangeAddress change, string way, int seconds, CancellationToken cancel) => RunAsync("down", way, cancel);

    public async Task EnterAsync(ChangeAddress change, string way, CancellationToken cancel)
    {
        if (change.Wish.Wifi is { } network)
        {
            await script.LinkAsync(["radio", network.Country], cancel);
        }

        await RunAsync("up", way, cancel);
    }

    /// <summary>Between the two the link is down, so nobody can answer over the old address.</summary>
    public Task<bool> IsEnteredAsync(string interfaceName, CancellationToken cancel) => Task.FromResult(true);

    public Task KeepAsync(TransactionMarker marker, CancellationToken cancel) => Task.CompletedTask;

    private Task RunAsync(string verb, string way, CancellationToken cancel) => script.LinkAsync([verb, .. way.Split(' ').Reverse()], cancel);
}
