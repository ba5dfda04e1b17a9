using System.Collections.Immutable;

namespace RpiAgent.Agent.NodeConfig;

/// <summary>Who configures an interface of a running system, from what its programs say of themselves. Pure.</summary>
internal static class BackendRules
{
    public static NetworkManagement Decide(string interfaceName, BackendFacts facts)
    {
        ImmutableArray<NetworkBackend>.Builder claims = ImmutableArray.CreateBuilder<NetworkBackend>();
        List<string> seen = [];
        List<string> unclear = [];
        if (facts.NetworkManager.IsAtWork)
        {
            seen.Add($"NetworkManager is {facts.NetworkManager.State}, {interfaceName} is '{facts.NetworkManagerDevice ?? "not told"}'");
            Doubt("NetworkManager", facts.NetworkManager, facts.NetworkManagerDevice);
            Claim(NetworkBackend.NetworkManager, facts.NetworkManagerDevice is not (null or BackendFacts.NoDevice or ['1', '0', ' ', ..])); // 10 (unmanaged)
        }

        if (facts.Dhcpcd.IsAtWork)
        {
            seen.Add($"dhcpcd.service is {facts.Dhcpcd.State}");
            Claim(NetworkBackend.Dhcpcd, true);
        }

        if (facts.Networkd.IsAtWork)
        {
            seen.Add($"systemd-networkd is {facts.Networkd.State}, Network File: {facts.NetworkFile ?? "not told"}");
            Doubt("systemd-networkd", facts.Networkd, facts.NetworkFile);
            Claim(facts.NetworkFile?.Contains("netplan", StringComparison.Ordinal) == true ? NetworkBackend.Netplan : NetworkBackend.Networkd, facts.NetworkFile is not (null or "n/a"));
        }

        seen.AddRange(facts.Others.Where(other => other.Unit is { IsAtWork: false, IsAbsent: false }).Select(other => $"{other.Name} is {other.Unit.State} and {other.Unit.File}"));
        seen.Add($"ifup is {(facts.HasIfup ? "" : "not ")}installed, networking.service is {(facts.IfupStarts ? "" : "not ")}enabled, {interfaceName} has {(facts.HasStanza ? "an" : "no")} iface line");

        // What nobody has named yet is ifupdown's to begin with, but only where no other program is there to be in charge of it, now or after the next boot.
        bool isAlone = facts.Others.All(other => other.Unit.IsAbsent);
        Claim(NetworkBackend.Ifupdown, facts.HasIfup && facts.IfupStarts && (facts.HasStanza || facts.IfupKnows || isAlone));
        return new NetworkManagement(interfaceName, claims.ToImmutable(), string.Join("; ", seen)) { Unclear = string.Join(" and ", unclear) };

        void Claim(NetworkBackend backend, bool isClaimed)
        {
            if (isClaimed)
            {
                claims.Add(backend);
            }
        }

        void Doubt(string name, UnitFacts unit, string? answer)
        {
            if (unit.State is not "active" || answer is null)
            {
                unclear.Add(unit.State is "active" ? $"{name} does not answer" : $"{name} is {unit.State}");
            }
        }
    }
}

/// <summary>A unit as <c>systemctl show</c> tells it.</summary>
/// <param name="State">ActiveState.</param>
/// <param name="File">UnitFileState; empty when there is no such unit.</param>
internal sealed record UnitFacts(string State, string File)
{
    public static readonly UnitFacts None = new("inactive", "");

    /// <summary>systemd did not answer in time. It may be at work: what is not known is not "not there".</summary>
    public static readonly UnitFacts Unknown = new("in a state that systemd does not tell", "");

    /// <summary>Also while it is started, stopped or loads its configuration again.</summary>
    public bool IsAtWork => State is not ("inactive" or "failed" or "");

    /// <summary>It neither runs nor will; one that crashed will.</summary>
    public bool IsAbsent => State is "inactive" or "" && File is "" or "disabled" or "masked" or "masked-runtime";
}

/// <param name="NetworkManagerDevice">State of the interface as nmcli tells it, such as <c>100 (connected)</c>, or <see cref="NoDevice"/>; null when it does not answer.</param>
/// <param name="NetworkFile">Of networkd for the interface; <c>n/a</c> for none, null when networkctl does not answer.</param>
/// <param name="HasStanza">interfaces(5) has an iface line for it.</param>
/// <param name="IfupStarts">networking.service is enabled.</param>
/// <param name="IfupKnows">It was brought up by ifup in this boot.</param>
internal sealed record BackendFacts(
    UnitFacts NetworkManager, string? NetworkManagerDevice, UnitFacts Dhcpcd, UnitFacts Networkd, string? NetworkFile, bool HasIfup, bool IfupStarts, bool HasStanza, bool IfupKnows)
{
    public const string NoDevice = "not there";

    /// <summary>All but ifupdown.</summary>
    public IEnumerable<(string Name, UnitFacts Unit)> Others => [("NetworkManager", NetworkManager), ("dhcpcd.service", Dhcpcd), ("systemd-networkd", Networkd)];
}
