using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Agent;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Agent.NodeConfig.Cli;

namespace RpiAgent.Tests.PowerCutNode;

internal enum Ending
{
    Confirmed,
    TakenBack,
}

/// <summary>The network transaction of ifupdown; the real rollback script lies in the tree.</summary>
internal sealed record NetworkScenario(string Name, ImmutableSortedDictionary<string, string> Files, AddressWish Wish, Ending Ending) : Scenario(Name)
{
    public static readonly AddressWish FirstAddress = AddressWish.Static("eth0", "192.168.1.102/24", "192.168.1.1", ["192.168.1.1", "9.9.9.9"]);
    public static readonly AddressWish Automatic = AddressWish.Dhcp("eth0");

    public static readonly ImmutableSortedDictionary<string, string> Dhcp = Tree(
        ("/etc/network/interfaces", "# by hand\nauto lo eth0\niface lo inet loopback\niface eth0 inet dhcp\n\thostname pi\n"), ("/etc/resolv.conf", "search lan\nnameserver 192.168.1.254\n"));

    public static readonly ImmutableSortedDictionary<string, string> Static = Tree(
        ("/etc/network/interfaces", "auto eth0\niface eth0 inet static\n    address 10.0.0.5/8\n    gateway 10.0.0.1\n"), ("/etc/resolv.conf", "nameserver 10.0.0.1\n"));

    public static readonly ImmutableSortedDictionary<string, string> Included = Tree(
        ("/etc/network/interfaces", "source /etc/network/interfaces.d/*\n"),
        ("/etc/network/interfaces.d/eth0", "allow-hotplug eth0\niface eth0 inet static\n  address 10.0.0.5/8\n"));

    /// <summary>No resolv.conf: the change makes one, the way back takes it away.</summary>
    public static readonly ImmutableSortedDictionary<string, string> Empty = Tree(("/etc/network/interfaces", "auto eth0\niface eth0 inet dhcp\n"));

    public override ImmutableSortedDictionary<string, string> Before => Files;

    public override bool IsTransaction => true;

    public override async Task ChangeAsync(string root)
    {
        AgentOptions options = new() { Root = root, NetworkConfirmSeconds = 30 };
        using NodeConfigurator configurator = new(options, TimeProvider.System, NullLoggerFactory.Instance);
        NodeConfigOutcome outcome = await configurator.ApplyAsync(new NodeSpec("", Wish, []), AnswerAsync, CancellationToken.None);
        NodeConfigResult expected = Ending == Ending.Confirmed ? NodeConfigResult.Changed : NodeConfigResult.RolledBack;
        if (outcome.Result != expected)
        {
            throw new InvalidOperationException($"{Name} ended as {outcome.Result}: {outcome.Detail}");
        }

        async Task<bool> AnswerAsync(string id, CancellationToken cancel)
        {
            if (Ending == Ending.TakenBack)
            {
                await new NetworkControl(options).RollBackAsync(id, "an operator took it back", cancel);
            }

            return Ending == Ending.Confirmed;
        }
    }

    private static ImmutableSortedDictionary<string, string> Tree(params (string Path, string Content)[] files) =>
        files.ToImmutableSortedDictionary(file => file.Path, file => file.Content, StringComparer.Ordinal);
}
