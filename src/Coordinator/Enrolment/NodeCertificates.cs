using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RpiAgent.Coordinator.Model;
using RpiAgent.Identity;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Enrolment;

/// <summary>Certificates of nodes.</summary>
internal sealed class NodeCertificates(CertificateAuthority authority, CoordinatorOptions options)
{
    public string AuthorityPem => authority.Certificate.ExportCertificatePem() + "\n";

    /// <param name="address">Allotted, with prefix; null = DHCP.</param>
    /// <param name="seen">Where the request came from, of <see cref="OwnOf"/>: the node has that address, whatever it says itself.</param>
    public bool TryIssue(
        string requestPem, NodeId id, string name, string? address, IPAddress? seen, DateTimeOffset now,
        [NotNullWhen(true)] out X509Certificate2? certificate, [NotNullWhen(false)] out string? refusal)
    {
        IPAddress? allotted = address is null ? null : Ipv4.Parse(address.Split('/')[0]).ToIPAddress();
        HostNames names = new([name], [.. new[] { allotted, seen }.OfType<IPAddress>().Distinct()]);
        return authority.TrySign(
            requestPem, new PeerIdentity(PeerRole.Node, id.Value), names, now, TimeSpan.FromDays(options.NodeCertificateDays), out certificate, out refusal);
    }

    /// <summary>Not an address that another node was given: who takes it has no claim to be called by it.</summary>
    public static IPAddress? OwnOf(IPAddress? seen, NodeId id, IEnumerable<NodeRecord> nodes) =>
        seen is not null && nodes.Any(node => node.Id != id && node.Address?.Split('/')[0] == seen.ToString()) ? null : seen;

    /// <summary>sha256 of the request's public key, by which a repeated request is known.</summary>
    public static bool TryReadKey(string requestPem, [NotNullWhen(true)] out string? keyHash, [NotNullWhen(false)] out string? refusal)
    {
        keyHash = null;
        refusal = null;
        try
        {
            CertificateRequest request = CertificateRequest.LoadSigningRequestPem(requestPem, HashAlgorithmName.SHA256);
            keyHash = Convert.ToHexStringLower(SHA256.HashData(request.PublicKey.ExportSubjectPublicKeyInfo()));
            return true;
        }
        catch (Exception broken) when (broken is CryptographicException or ArgumentException)
        {
            refusal = $"the certificate request cannot be read: {broken.Message}";
            return false;
        }
    }
}
