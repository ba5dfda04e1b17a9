using System.Collections.Frozen;

namespace RpiAgent.Identity;

/// <summary>Whether a call may go on; if not, why.</summary>
/// <param name="NeedsCertificate">Refused for want of a certificate, not for its role.</param>
public readonly record struct PeerDecision(bool Allowed, string Reason, bool NeedsCertificate)
{
    public static PeerDecision Yes { get; } = new(true, "", false);
}

/// <summary>Who may call what. What is not listed is refused.</summary>
public static class PeerPolicy
{
    private sealed record Rule(bool Anyone, params PeerRole[] Roles);

    private static readonly FrozenDictionary<string, Rule> Rules = new Dictionary<string, Rule>(StringComparer.Ordinal)
    {
        // A whole service, or one method of it; the method's own line wins.
        ["/rpiagent.v1.NodeAgent"] = new(false, PeerRole.Coordinator),
        ["/rpiagent.v1.NodeAgent/ExportImage"] = new(false, PeerRole.Coordinator, PeerRole.Node),
        ["/rpiagent.v1.ClusterAdmin"] = new(false, PeerRole.Operator),
        ["/rpiagent.v1.Enrolment/GetCertificateAuthority"] = new(true),
        ["/rpiagent.v1.Enrolment/Enrol"] = new(true, PeerRole.Node),
        ["/rpiagent.v1.Enrolment/ConfirmNetwork"] = new(false, PeerRole.Node),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <param name="method">Full name, <c>/package.Service/Method</c>.</param>
    /// <param name="peer">From a verified certificate, or null without one.</param>
    public static PeerDecision Decide(string method, PeerIdentity? peer)
    {
        ArgumentNullException.ThrowIfNull(method);
        int slash = method.LastIndexOf('/');
        if (!Rules.TryGetValue(method, out Rule? rule) && (slash <= 0 || !Rules.TryGetValue(method[..slash], out rule)))
        {
            return new PeerDecision(false, $"{method} is not open to anybody", false);
        }

        if (peer is null)
        {
            return rule.Anyone
                ? PeerDecision.Yes
                : new PeerDecision(false, $"{method} needs a client certificate of this cluster", true);
        }

        // Open to anyone without any role: a certificate does not take the right away.
        bool allowed = rule.Roles.Contains(peer.Role) || (rule.Anyone && rule.Roles.Length == 0);
        return allowed
            ? PeerDecision.Yes
            : new PeerDecision(
                false,
                $"{method} is for {string.Join(" or ", rule.Roles.Select(PeerIdentity.NameOf))} certificates, not for {peer}",
                false);
    }
}
