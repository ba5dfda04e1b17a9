using System.Collections.Immutable;
using RpiAgent.Agent.NodeConfig.Interfaces;

namespace RpiAgent.Agent.NodeConfig;

/// <summary>Which program configures an interface: all are asked, for two of them would fight.</summary>
internal sealed class BackendDetection(AgentOptions options, CommandRunner commands)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    public async Task<NetworkManagement> DetectAsync(string interfaceName, InterfacesModel interfaces, CancellationToken cancel)
    {
        bool hasStanza = interfaces.Stanzas.Any(stanza => stanza.Name == interfaceName);
        if (options.Root != "/")
        {
            return FolderDetection.Detect(FileView.OfDirectory(options.Root), interfaceName, interfaces);
        }

        ImmutableArray<NetworkBackend>.Builder claims = ImmutableArray.CreateBuilder<NetworkBackend>();
        List<string> seen = [];
        if (await IsActiveAsync("NetworkManager.service", cancel))
        {
            string state = (await RunAsync("nmcli", ["-t", "-g", "GENERAL.STATE", "device", "show", interfaceName], cancel)).Output.Trim();
            seen.Add($"NetworkManager is active, {interfaceName} is '{state}'");
            Claim(NetworkBackend.NetworkManager, state.Length > 0 && !state.StartsWith("10 ", StringComparison.Ordinal));
        }

        if (await IsActiveAsync("dhcpcd.service", cancel))
        {
            seen.Add("dhcpcd.service is active");
            Claim(NetworkBackend.Dhcpcd, true);
        }

        if (await IsActiveAsync("systemd-networkd.service", cancel))
        {
            string status = (await RunAsync("networkctl", ["status", interfaceName, "--no-pager"], cancel)).Output;
            string file = status.Split('\n').Select(line => line.Trim()).FirstOrDefault(line => line.StartsWith("Network File:", StringComparison.Ordinal)) ?? "Network File: n/a";
            seen.Add($"systemd-networkd is active, {file}");
            bool isNetplan = file.Contains("netplan", StringComparison.Ordinal);
            Claim(isNetplan ? NetworkBackend.Netplan : NetworkBackend.Networkd, !file.EndsWith("n/a", StringComparison.Ordinal));
        }

        bool hasIfup = File.Exists("/sbin/ifup");
        bool isEnabled = (await RunAsync("systemctl", ["is-enabled", "networking.service"], cancel)).Output.Trim() is "enabled" or "enabled-runtime";
        seen.Add($"ifup is {(hasIfup ? "" : "not ")}installed, networking.service is {(isEnabled ? "" : "not ")}enabled, {interfaceName} has {(hasStanza ? "an" : "no")} iface line");
        bool isAlone = seen.Count == 1; // no other program is at work: an interface that nobody has named yet is ifupdown's to begin with
        bool isKnown = hasStanza || isAlone || (hasIfup && (await RunAsync("/sbin/ifquery", ["--state", interfaceName], cancel)).Output.Trim().Length > 0);
        Claim(NetworkBackend.Ifupdown, hasIfup && isEnabled && isKnown);
        return new NetworkManagement(interfaceName, claims.ToImmutable(), string.Join("; ", seen));

        void Claim(NetworkBackend backend, bool isClaimed)
        {
            if (isClaimed)
            {
                claims.Add(backend);
            }
        }
    }

    private async Task<bool> IsActiveAsync(string unit, CancellationToken cancel) =>
        (await RunAsync("systemctl", ["is-active", unit], cancel)).Output.Trim() == "active";

    private Task<CommandResult> RunAsync(string program, string[] arguments, CancellationToken cancel) =>
        commands.RunAsync(program, arguments, Limit, cancel);
}
