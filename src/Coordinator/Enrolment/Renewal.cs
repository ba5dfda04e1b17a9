using System.Net;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using RpiAgent.Consul;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Enrolment;

/// <summary>A new certificate for a node that shows its old one: same id and name, and the address it has now.</summary>
internal sealed class Renewal(NodeStore nodes, NodeAccess access, NodeCertificates certificates, NodePresence presence, TimeProvider time)
{
    public async Task<EnrolmentOutcome> RenewAsync(NodeId id, EnrolRequest request, IPAddress? seen, CancellationToken cancel)
    {
        if ((await nodes.FindAsync(id, cancel))?.Value is not NodeRecord known)
        {
            return Removed(id);
        }

        HardwareFacts hardware = request.Hardware.ToModel();
        string? moved = HardwareMatch.Difference(known.Hardware, hardware);
        if (moved is not null && request.AdoptHardware && await RefuseMoveAsync(known, hardware, cancel) is { } refusedMove)
        {
            return refusedMove;
        }

        if (moved is not null && !request.AdoptHardware)
        {
            return new EnrolmentRefused(
                StatusCode.PermissionDenied,
                $"E_CLONE: the certificate of {known.Name} comes from another board ({moved}); run `rpi-agent reset-identity --yes --everything` there and enrol it anew, or `rpi-agent adopt-hardware --yes` if the card was moved for good");
        }

        DateTimeOffset now = time.GetUtcNow();
        IPAddress? own = NodeCertificates.OwnOf(seen, id, (await nodes.ListAsync(default, cancel)).Value.Select(node => node.Value));
        if (!certificates.TryIssue(request.CsrPem, id, known.Name, known.Address, own, now, out X509Certificate2? certificate, out string? refusal))
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

    /// <summary>A card moved for good: the old board is gone, and the new one is nobody else.</summary>
    private async Task<EnrolmentRefused?> RefuseMoveAsync(NodeRecord known, HardwareFacts hardware, CancellationToken cancel)
    {
        if (await presence.IsAliveAsync(known.Id, cancel))
        {
            return new EnrolmentRefused(
                StatusCode.Aborted,
                $"E_IDENTITY_CONFLICT: the board that {known.Name} was enrolled on is at work in the cluster; switch it off and wait until the cluster has noticed (30 s), or use `rpi-agent reset-identity --yes --everything` here");
        }

        NodeRecord? other = HardwareMatch.Find([.. (await nodes.ListAsync(default, cancel)).Value.Select(node => node.Value).Where(node => node.Id != known.Id)], hardware).FirstOrDefault();
        return other is null ? null : new EnrolmentRefused(
            StatusCode.FailedPrecondition, $"E_IDENTITY_CONFLICT: this board (serial '{hardware.Serial}', MAC {hardware.Mac}) is known as {other.Name}; put that node's own card in, or use `rpi-agent reset-identity --yes --everything` here");
    }

    private static EnrolmentRefused Removed(NodeId id) =>
        new(StatusCode.PermissionDenied, $"node {id} was removed from the cluster; enrol again with a join token");
}
