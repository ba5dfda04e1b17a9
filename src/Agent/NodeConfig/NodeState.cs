using System.Collections.Immutable;
using RpiAgent.Agent.NodeConfig.DockerOptions;
using RpiAgent.Agent.NodeConfig.Documents;
using RpiAgent.Agent.NodeConfig.Interfaces;
using RpiAgent.Agent.NodeConfig.Profiles;

namespace RpiAgent.Agent.NodeConfig;

/// <summary>How this node is configured now.</summary>
/// <param name="Hosts">Content of /etc/hosts.</param>
/// <param name="Engine">How the engine is started.</param>
/// <param name="Management">Who configures the interface of the wish; null when none is wished.</param>
internal sealed record NodeState(
    string HostName,
    byte[] Hosts,
    InterfacesModel Interfaces,
    InterfaceFacts Facts,
    ResolvState Resolv,
    NetworkManagement? Management,
    EngineSetup Engine,
    bool RootIsVolatile)
{
    /// <summary>Of the interface of the wish, where NetworkManager is in charge.</summary>
    public ProfileState Profile { get; init; } = ProfileState.None;

    public CloudInit CloudInit { get; init; } = new(WritesNetwork: false);

    /// <summary>The swarm that this node manages knows it by this address of the interface of the wish; empty when there is none.</summary>
    public string ManagedSwarmAddress { get; init; } = "";

    /// <summary>What the agent wrote for wpa_supplicant of that interface, where ifupdown is in charge.</summary>
    public byte[]? WpaConfiguration { get; init; }
}

/// <summary>The programs that configure an interface, as far as can be seen.</summary>
/// <param name="Claims">One is right; two fight over the interface.</param>
/// <param name="Seen">In words, for the refusal.</param>
internal sealed record NetworkManagement(string Interface, ImmutableArray<NetworkBackend> Claims, string Seen)
{
    /// <summary>What keeps it from being told, in words; empty when it can be.</summary>
    public string Unclear { get; init; } = "";

    /// <summary>Only what <see cref="Refuse"/> lets pass.</summary>
    public NetworkBackend Backend => Claims[0];

    /// <param name="wish">For the lines that a person can put in where we cannot.</param>
    /// <returns>Null when one backend that can be set is alone in charge.</returns>
    public Refusal? Refuse(AddressWish wish) => Claims switch
    {
        _ when Unclear.Length > 0 => new Refusal(RefusalCodes.BackendUnsupported, Interface, $"it cannot be told what configures {Interface}: {Unclear} ({Seen}); try again in a minute"),
        [NetworkBackend.Ifupdown or NetworkBackend.NetworkManager] => null,
        [] => new Refusal(RefusalCodes.BackendUnsupported, Interface, $"nothing that can be set configures {Interface} ({Seen}); install and enable ifupdown or NetworkManager, or leave the address to the router"),
        [NetworkBackend.Dhcpcd] => new Refusal(RefusalCodes.BackendUnsupported, Interface, $"{Interface} is configured by dhcpcd ({Seen}); {DhcpcdLines(wish)}"),
        [var one] => new Refusal(RefusalCodes.BackendUnsupported, Interface, $"{Interface} is configured by {one} ({Seen}), which is not supported; set the address there and leave it out here"),
        _ => new Refusal(RefusalCodes.TwoManagers, Interface, $"{Interface} is configured by {string.Join(" and ", Claims)} ({Seen}); disable all but one first"),
    };

    /// <summary>dhcpcd.conf(5).</summary>
    private static string DhcpcdLines(AddressWish wish)
    {
        string[] lines = [
            $"interface {wish.Interface}",
            $"static ip_address={wish.Address}/{wish.PrefixLength}",
            .. wish.Gateway is { } gateway ? [$"static routers={gateway}"] : Array.Empty<string>(),
            .. wish.Dns.IsEmpty ? Array.Empty<string>() : [$"static domain_name_servers={string.Join(' ', wish.Dns)}"],
        ];
        return wish.Method == AddressMethod.Static
            ? $"put these lines at the end of /etc/dhcpcd.conf yourself: {string.Join(" | ", lines)}"
            : $"take the 'static' lines after '{lines[0]}' out of /etc/dhcpcd.conf yourself";
    }
}

internal enum NetworkBackend
{
    Ifupdown,
    NetworkManager,
    Dhcpcd,
    Networkd,
    Netplan,
}
