using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RpiAgent.Identity;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Agent.Enrolment;

/// <summary>What a coordinator answered to enrolment or renewal.</summary>
internal static class Reply
{
    /// <summary>Checks the new certificate as a peer would, then saves it: a bad one must never replace a good one.</summary>
    /// <exception cref="EnrolmentException">The answer cannot be used.</exception>
    public static EnrolledNode Save(
        IdentityStore store, EnrolReply reply, Uri coordinator, Board board, X509Certificate2 authority, TrustClock clock, bool isRenewal = false)
    {
        try
        {
            if (reply.Spec is null || reply.CoordinatorTime is null)
            {
                throw new FormatException("it lacks the node's specification or the time");
            }

            clock.NotBefore(reply.CoordinatorTime.ToDateTimeOffset(), authority);
            using X509Certificate2 certificate = X509Certificate2.CreateFromPem(reply.CertificatePem);
            string? reason = !PeerIdentity.TryRead(certificate, out PeerIdentity? identity) || identity != new PeerIdentity(PeerRole.Node, reply.NodeId)
                ? "it does not name this node"
                : CertificateCheck.Refuse(certificate, authority, CertificatePurpose.Server, clock.VerificationTime(certificate, authority));
            if (reason is not null)
            {
                throw new EnrolmentException($"{coordinator} sent a certificate that cannot be used: {reason}");
            }

            EnrolledSpec told = reply.Spec.ToModel();
            string authorityPem = authority.ExportCertificatePem() + "\n";
            return isRenewal
                ? store.Renew(known => known.Renewed(board, told), reply.CertificatePem, authorityPem)
                : store.Save(new SavedEnrolment { Coordinator = coordinator, Board = board, Spec = told }, reply.CertificatePem, authorityPem);
        }
        catch (Exception unusable) when (unusable is CryptographicException or FormatException)
        {
            throw new EnrolmentException($"{coordinator} sent an answer that cannot be used: {unusable.Message}", unusable);
        }
    }
}
