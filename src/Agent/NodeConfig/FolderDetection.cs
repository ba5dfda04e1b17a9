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
    private static readonly string[] Targets = ["multi-user.target.wants", "network-online.target.wants", "sysinit.target.wants"];

    public static NetworkManagement Detect(FileView files, string interfaceName, InterfacesModel interfaces)
    {
        ImmutableArray<NetworkBackend>.Builder claims = ImmutableArray.CreateBuilder<NetworkBackend>();
        HashSet<string> enabled = [.. Targets.SelectMany(target => files.List($"{UnitFolder}/{target}") ?? []).Where(unit => !IsMasked(files, unit))];
        bool hasStanza = interfaces.Stanzas.Any(stanza => stanza.Name == interfaceName);
        bool hasProfiles = files.List(OwnProfile.Folder) is { Count: > 0 };
        string[] networks = [.. NetworkdFiles.For(files, interfaceName)];
        bool leavesStanzas = NetworkManagerSettings.Read(files).LeavesStanzas;
        string seen = $"a folder of files; enabled there: {string.Join(", ", Units.Where(enabled.Contains).DefaultIfEmpty("nothing"))}; {interfaceName} has {(hasStanza ? "an" : "no")} iface line";
        if (!Units.Any(enabled.Contains))
        {
            // A bare tree says nothing about units: what it holds is what counts, and with nothing in it it is ifupdown's.
            bool hasNetworkManager = hasProfiles || files.Read(NetworkManagerSettings.FilePath) is not null;
            Claim(NetworkBackend.NetworkManager, hasNetworkManager && !(hasStanza && leavesStanzas));
            Claim(NetworkBackend.Dhcpcd, NamesInterface(files.Read("/etc/dhcpcd.conf"), interfaceName));
            Claim(NetworkBackend.Networkd, networks.Length > 0 && !IsNetplan(networks));
            Claim(NetworkBackend.Netplan, IsNetplan(networks) && claims.Count == 0);
            Claim(NetworkBackend.Ifupdown, hasStanza || claims.Count == 0);
            return new NetworkManagement(interfaceName, claims.ToImmutable(), seen);
        }

        Claim(NetworkBackend.NetworkManager, enabled.Contains("NetworkManager.service") && !(hasStanza && leavesStanzas));
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

    /// <summary><c>systemctl mask</c> leaves the links of the targets: a link to /dev/null, or an empty file, stands in the unit's place.</summary>
    private static bool IsMasked(FileView files, string unit) => files.IsThere($"{UnitFolder}/{unit}") && files.Read($"{UnitFolder}/{unit}") is null or { Length: 0 };

    /// <summary>A line <c>interface NAME</c> of dhcpcd.conf(5).</summary>
    private static bool NamesInterface(byte[]? configuration, string interfaceName) =>
        Encoding.Latin1.GetString(configuration ?? []).Split('\n').Any(line => line.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries) is ["interface", var name, ..] && name == interfaceName);

    private static bool IsNetplan(string[] networks) => networks.Any(path => path.Contains("netplan", StringComparison.Ordinal));
}
