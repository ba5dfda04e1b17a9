using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using RpiAgent.Consul;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Enrolment;

/// <summary>A new certificate for a node that shows its old one: same id, name and address.</summary>
internal sealed class Renewal(NodeStore nodes, NodeAccess access, NodeCertificates certificates, TimeProvider time)
{
    public async Task<EnrolmentOutcome> RenewAsync(NodeId id, EnrolRequest request, CancellationToken cancel)
    {
        if ((await nodes.FindAsync(id, cancel))?.Value is not NodeRecord known)
        {
            return Removed(id);
        }

        HardwareFacts hardware = request.Hardware.ToModel();
        if (!HardwareMatch.IsSame(known.Hardware, hardware))
        {
            return new EnrolmentRefused(
                StatusCode.PermissionDenied,
                $"E_CLONE: the certificate of {known.Name} comes from another board (serial '{hardware.Serial}', enrolled was '{known.Hardware.Serial}'); run `rpi-agent reset-identity` there and enrol it anew");
        }

        DateTimeOffset now = time.GetUtcNow();
        if (!certificates.TryIssue(request.CsrPem, id, known.Name, known.Address, now, out X509Certificate2? certificate, out string? refusal))
        {
            return new EnrolmentRefused(StatusCode.InvalidArgument, refusal);
        }

        AclToken token = await access.EnsureAsync(id, known, cancel);
        NodeRecord? updated = await nodes.UpdateAsync(
            id,
            record => record with
            {
                Hardware = hardware,
                CertificateSerial = certificate.SerialNumber,
                CertificateExpiresAt = new DateTimeOffset(certificate.NotAfter),
                ConsulAccessor = token.Accessor,
                ConsulSecret = token.Secret,
            },
            cancel);
        return updated is null ? Removed(id) : new Enrolled(updated, certificate, now);
    }

    private static EnrolmentRefused Removed(NodeId id) =>
        new(StatusCode.PermissionDenied, $"node {id} was removed from the cluster; enrol again with a join token");
}
