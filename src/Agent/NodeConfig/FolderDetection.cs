using System.Collections.Immutable;
using System.Text;
using RpiAgent.Agent.NodeConfig.Interfaces;
using RpiAgent.Agent.NodeConfig.Profiles;

namespace RpiAgent.Agent.NodeConfig;

/// <summary>Who will configure an interface of a tree of files once it is booted: programs do not run there, but units are enabled.</summary>
internal static class FolderDetection
{
    private const string UnitFolder = "/etc/systemd/system";
    private static readonly string[] Units = ["NetworkManager.service", "dhcpcd.service", "systemd-networkd.service", "networking.service"];
    private static readonly string[] NetworkFolders = ["/etc/systemd/network", "/run/systemd/network", "/etc/netplan"];
    private static readonly string[] Targets = ["multi-user.target.wants", "network-online.target.wants", "sysinit.target.wants"];

    public static NetworkManagement Detect(FileView files, string interfaceName, InterfacesModel interfaces)
    {
        HashSet<string> enabled = [.. Targets.SelectMany(target => files.List($"{UnitFolder}/{target}") ?? [])];
        bool hasStanza = interfaces.Stanzas.Any(stanza => stanza.Name == interfaceName);
        bool hasProfiles = files.List(OwnProfile.Folder) is { Count: > 0 };
        string[] networks = [.. NetworkFiles(files, interfaceName)];
        string seen = $"a folder of files; enabled there: {string.Join(", ", Units.Where(enabled.Contains).DefaultIfEmpty("nothing"))}; {interfaceName} has {(hasStanza ? "an" : "no")} iface line";
        if (!Units.Any(enabled.Contains))
        {
            // A bare tree says nothing about units: what it holds is what counts.
            return new NetworkManagement(interfaceName, [hasProfiles && !hasStanza ? NetworkBackend.NetworkManager : NetworkBackend.Ifupdown], seen);
        }

        ImmutableArray<NetworkBackend>.Builder claims = ImmutableArray.CreateBuilder<NetworkBackend>();
        Claim(NetworkBackend.NetworkManager, enabled.Contains("NetworkManager.service") && !(hasStanza && LeavesStanzas(files)));
        Claim(NetworkBackend.Dhcpcd, enabled.Contains("dhcpcd.service"));
        Claim(NetworkBackend.Networkd, enabled.Contains("systemd-networkd.service") && networks.Length > 0 && !IsNetplan(networks));
        Claim(NetworkBackend.Netplan, enabled.Contains("systemd-networkd.service") && IsNetplan(networks));
        Claim(NetworkBackend.Ifupdown, enabled.Contains("networking.service") && (hasStanza || Units.Count(enabled.Contains) == 1));
        return new NetworkManagement(interfaceName, claims.ToImmutable(), seen);

        void Claim(NetworkBackend backend, bool isClaimed)
        {
            if (isClaimed)
            {
                claims.Add(backend);
            }
        }
    }

    /// <summary>Debian's NetworkManager keeps off what has an iface line, unless <c>[ifupdown] managed=true</c>.</summary>
    private static bool LeavesStanzas(FileView files)
    {
        Keyfile configuration = Keyfile.Parse(files.Read("/etc/NetworkManager/NetworkManager.conf") ?? []);
        return (configuration["main", "plugins"] ?? "ifupdown").Contains("ifupdown", StringComparison.Ordinal) && configuration["ifupdown", "managed"] is not "true";
    }

    private static bool IsNetplan(string[] networks) => networks.Any(path => path.Contains("netplan", StringComparison.Ordinal));

    /// <summary>Files of networkd and netplan that name the interface.</summary>
    private static IEnumerable<string> NetworkFiles(FileView files, string interfaceName) =>
        from folder in NetworkFolders
        from name in files.List(folder) ?? []
        where name.EndsWith(".network", StringComparison.Ordinal) || name.EndsWith(".yaml", StringComparison.Ordinal)
        let text = Encoding.Latin1.GetString(files.Read($"{folder}/{name}") ?? [])
        where Names(text).Any(pattern => pattern == interfaceName || (pattern.EndsWith('*') && interfaceName.StartsWith(pattern[..^1], StringComparison.Ordinal)))
        select $"{folder}/{name}";

    /// <summary>The words of <c>Name=</c> lines, and the keys of YAML.</summary>
    private static IEnumerable<string> Names(string text) =>
        text.Split('\n').Select(line => line.Trim()).SelectMany(line =>
            line.StartsWith("Name=", StringComparison.Ordinal) ? line["Name=".Length..].Split(' ')
            : line.EndsWith(':') ? [line[..^1].Trim('"', '\'')] : Array.Empty<string>());
}
