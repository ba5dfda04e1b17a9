using System.Collections.Immutable;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Agent;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Agent.NodeConfig.Cli;
using RpiAgent.Agent.NodeConfig.Transaction;
using RpiAgent.Agent.NodeConfig.Wifi;

namespace RpiAgent.Tests.PowerCutNode;

internal enum Ending
{
    Confirmed,
    TakenBack,
    ConfirmedAfterBoot,
    TakenBackAfterBoot,
}

/// <summary>The network transaction of ifupdown and of NetworkManager's profiles; the real rollback script lies in the tree.</summary>
internal sealed record NetworkScenario(string Name, ImmutableSortedDictionary<string, string> Files, AddressWish Wish, Ending Ending) : Scenario(Name)
{
    private const string Original = "/var/lib/rpi-agent/net/original";

    public static readonly AddressWish FirstAddress = AddressWish.Static("eth0", "192.168.1.102/24", "192.168.1.1", ["192.168.1.1", "9.9.9.9"]);
    public static readonly AddressWish Automatic = AddressWish.Dhcp("eth0");

    public static readonly ImmutableSortedDictionary<string, string> Dhcp = Tree(
        ("/etc/network/interfaces", "# by hand\nauto lo eth0\niface lo inet loopback\niface eth0 inet dhcp\n\thostname pi\n"), ("/etc/resolv.conf", "search lan\nnameserver 192.168.1.254\n"));

    public static readonly ImmutableSortedDictionary<string, string> Static = Tree(
        ("/etc/network/interfaces", "auto eth0\niface eth0 inet static\n    address 10.0.0.5/8\n    gateway 10.0.0.1\n"), ("/etc/resolv.conf", "nameserver 10.0.0.1\n"));

    public static readonly ImmutableSortedDictionary<string, string> Included = Tree(
        ("/etc/network/interfaces", "source /etc/network/interfaces.d/*\n"),
        ("/etc/network/interfaces.d/eth0", "allow-hotplug eth0\niface eth0 inet static\n  address 10.0.0.5/8\n"));

    /// <summary>Three files: the stanza is cloud-init's, which is told to leave it alone.</summary>
    public static readonly ImmutableSortedDictionary<string, string> CloudInit = Tree(
        ("/etc/network/interfaces", "source /etc/network/interfaces.d/*\n"),
        ("/etc/network/interfaces.d/50-cloud-init", "auto eth0\niface eth0 inet dhcp\n"),
        ("/etc/cloud/cloud.cfg", "disable_root: true\n"),
        ("/etc/resolv.conf", "nameserver 10.0.0.1\n"));

    /// <summary>Another profile, which stays; the agent's own one is new, and so is the country of a radio.</summary>
    public static readonly ImmutableSortedDictionary<string, string> Profiles = Tree(
        ("/etc/NetworkManager/NetworkManager.conf", "[main]\nplugins=ifupdown,keyfile\n[ifupdown]\nmanaged=false\n"),
        ("/etc/NetworkManager/system-connections/home.nmconnection", "[connection]\nid=home\nuuid=75a3d941-6776-3132-949a-e129f1fc06dd\ntype=wifi\ninterface-name=wlan0\n\n[wifi]\nssid=home\n\n[ipv4]\nmethod=auto\n"),
        ("/etc/NetworkManager/system-connections/rpi-agent-eth0.nmconnection", "[connection]\nid=rpi-agent-eth0\ntype=ethernet\ninterface-name=eth0\nautoconnect-priority=999\n\n[ipv4]\nmethod=auto\n"));

    public static readonly AddressWish Radio = AddressWish.Static("wlan0", "192.168.1.103/24", null, []) with { Wifi = WifiNetwork.Create("home", "correct horse", "DE", isHidden: false) };

    /// <summary>An earlier change of another file was kept: what it replaced is there.</summary>
    public static readonly ImmutableSortedDictionary<string, string> SecondChange = Dhcp
        .Add($"{Original}/manifest", $"1 644 0 0 1 {DigestOf("older\n")} - /etc/other\n").Add($"{Original}/1.before", "older\n");

    /// <summary>No resolv.conf: the change makes one, the way back takes it away.</summary>
    public static readonly ImmutableSortedDictionary<string, string> Empty = Tree(("/etc/network/interfaces", "auto eth0\niface eth0 inet dhcp\n"));

    public override ImmutableSortedDictionary<string, string> Before => Files;

    public override bool IsTransaction => true;

    public override async Task ChangeAsync(string root)
    {
        AgentOptions options = new() { Root = root, NetworkConfirmSeconds = 30 };
        if (Ending is Ending.ConfirmedAfterBoot or Ending.TakenBackAfterBoot)
        {
            await ChangeAtBootAsync(options);
            return;
        }

        using NodeConfigurator configurator = new(options, TimeProvider.System, NullLoggerFactory.Instance);
        NodeConfigOutcome outcome = await configurator.ApplyAsync(new NodeSpec("", Wish, []), AnswerAsync, CancellationToken.None);
        NodeConfigResult expected = Ending == Ending.Confirmed ? NodeConfigResult.Changed : NodeConfigResult.RolledBack;
        if (outcome.Result != expected)
        {
            throw new InvalidOperationException($"{Name} ended as {outcome.Result}: {outcome.Detail}");
        }

        async Task<bool> AnswerAsync(TransactionMarker change, CancellationToken cancel)
        {
            if (Ending == Ending.TakenBack)
            {
                await new NetworkControl(options).RollBackAsync(change.Id, "an operator took it back", cancel);
            }

            return Ending == Ending.Confirmed;
        }
    }

    /// <summary>Written down, then a boot, then the agent that the coordinator answers, or the timer.</summary>
    private async Task ChangeAtBootAsync(AgentOptions options)
    {
        using NodeConfigurator configurator = new(options, TimeProvider.System, NullLoggerFactory.Instance);
        NodeConfigOutcome outcome = await configurator.ApplyAsync(new NodeSpec("", Wish, []) { AtNextBoot = true }, (_, _) => Task.FromResult(false), CancellationToken.None);
        if (outcome.Result != NodeConfigResult.Changed)
        {
            throw new InvalidOperationException($"{Name} was {outcome.Result}: {outcome.Detail}");
        }

        await RunScriptAsync(options, "boot");
        if (Ending == Ending.TakenBackAfterBoot)
        {
            await RunScriptAsync(options, "timer", new NetworkControl(options).Pending!.Id);
        }

        outcome = await configurator.ApplyAsync(new NodeSpec("", null, []), (_, _) => Task.FromResult(true), CancellationToken.None);
        if (outcome.Result != NodeConfigResult.Unchanged)
        {
            throw new InvalidOperationException($"{Name} ended as {outcome.Result}: {outcome.Detail}");
        }
    }

    /// <summary>What a copied card goes back to is whole, and has all that was replaced.</summary>
    public override string? WhyBroken(string root)
    {
        string[][] kept = File.Exists($"{root}{Original}/manifest")
            ? [.. File.ReadLines($"{root}{Original}/manifest").Select(line => line.Split(' ', 8)).Where(line => line.Length == 8)]
            : [];
        string? damaged = kept.FirstOrDefault(line => !File.Exists($"{root}{Original}/{line[0]}.before") || DigestOf(File.ReadAllText($"{root}{Original}/{line[0]}.before")) != line[5])?[7];
        string? unkept = Wish == FirstAddress ? Directory.EnumerateFiles($"{root}/etc", "*", SearchOption.AllDirectories).FirstOrDefault(IsNewAndNotKept) : null;
        return damaged is not null ? $"the original of {damaged} is damaged"
            : unkept is not null ? $"the original of {unkept} is not kept"
            : null;

        bool IsNewAndNotKept(string path) =>
            File.ReadAllText(path).Contains(FirstAddress.Address.ToString()!, StringComparison.Ordinal) && !kept.Any(line => line[7] == path);
    }

    private static string DigestOf(string content) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)));

    private static async Task RunScriptAsync(AgentOptions options, params string[] arguments)
    {
        ProcessStartInfo start = new(options.Under(RollbackScript.ScriptPath), arguments) { UseShellExecute = false };
        start.Environment["RPI_AGENT_NET"] = options.State("net");
        start.Environment["RPI_AGENT_RUN"] = options.Under(options.RunDirectory);
        start.Environment["RPI_AGENT_LINK"] = "no";
        using Process script = Process.Start(start)!;
        await script.WaitForExitAsync();
        if (script.ExitCode != 0)
        {
            throw new InvalidOperationException($"the script ended with {script.ExitCode}");
        }
    }

    private static ImmutableSortedDictionary<string, string> Tree(params (string Path, string Content)[] files) =>
        files.ToImmutableSortedDictionary(file => file.Path, file => file.Content, StringComparer.Ordinal);
}
