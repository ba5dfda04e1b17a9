using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using RpiAgent.Consul;
using RpiAgent.Coordinator.Admin;
using RpiAgent.Coordinator.Model;
using RpiAgent.Identity;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Enrolment;

/// <summary>How a request to enrol or renew ended.</summary>
internal abstract record EnrolmentOutcome;

internal sealed record Enrolled(NodeRecord Node, X509Certificate2 Certificate, DateTimeOffset At) : EnrolmentOutcome;

/// <param name="Status">Unavailable, ResourceExhausted and Aborted are worth another try; the others are not.</param>
internal sealed record EnrolmentRefused(StatusCode Status, string Reason) : EnrolmentOutcome;

/// <summary>
/// Admits a Pi by its join token: one transaction writes its record, counts the token's use and moves the allotment's guard key, so
/// that neither a use nor a name nor an address is ever given twice, whoever else is enrolling anywhere.
/// </summary>
internal sealed class Admission(
    ConsulClient consul, TokenStore tokens, NodeStore nodes, NodeAccess access, NodeCertificates certificates, NodePresence presence, CoordinatorOptions options, TimeProvider time) : IDisposable
{
    /// <summary>Changed by every admission: two that planned on the same facts cannot both happen.</summary>
    public const string Guard = "rpi/allotment";
    private const int Attempts = 30;
    private readonly AllotmentRules _rules = AllotmentRules.From(options, out _);
    private readonly SemaphoreSlim _oneAtATime = new(1);

    /// <param name="seen">Where the request came from.</param>
    public async Task<EnrolmentOutcome> AdmitAsync(EnrolRequest request, IPAddress? seen, CancellationToken cancel)
    {
        if (!JoinToken.IsSecret(request.TokenSecret))
        {
            return new EnrolmentRefused(StatusCode.Unauthenticated, "the join token is wrong: its secret has not the right form");
        }

        await _oneAtATime.WaitAsync(cancel);
        try
        {
            return await AdmitOneAsync(request, JoinToken.HashOf(request.TokenSecret), seen, cancel);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    public void Dispose() => _oneAtATime.Dispose();

    private async Task<EnrolmentOutcome> AdmitOneAsync(EnrolRequest request, string tokenHash, IPAddress? seen, CancellationToken cancel)
    {
        if (!NodeCertificates.TryReadKey(request.CsrPem, out string? keyHash, out string? badRequest))
        {
            return new EnrolmentRefused(StatusCode.InvalidArgument, badRequest);
        }

        HardwareFacts hardware = request.Hardware.ToModel();
        NodeId newId = new(Guid.NewGuid().ToString("D"));
        AclToken? newAccess = null;
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            DateTimeOffset now = time.GetUtcNow();
            Stored<TokenRecord>? token = await tokens.FindAsync(tokenHash, cancel);
            if (TokenRules.Refuse(token?.Value, keyHash, now) is string refusal)
            {
                return await RefuseAsync(StatusCode.Unauthenticated, refusal, newAccess, cancel);
            }

            // The guard first: whatever changes after this fails the transaction.
            ulong guard = (await consul.KeyValue.GetAsync(Guard, cancel))?.ModifyIndex ?? 0;
            ImmutableArray<Stored<NodeRecord>> existing = (await nodes.ListAsync(default, cancel)).Value;
            AllotmentPlan plan = Allotment.Plan(_rules, [.. existing.Select(node => node.Value)], hardware, request.WishedName);
            if (plan is AllotmentRefused refused)
            {
                return await RefuseAsync(refused.Lasting ? StatusCode.FailedPrecondition : StatusCode.ResourceExhausted, refused.Reason, newAccess, cancel);
            }

            Allotted allotted = (Allotted)plan;
            if (TokenRules.RefuseUse(token!.Value, keyHash, allotted.Known?.Id) is string usedUp)
            {
                return await RefuseAsync(StatusCode.Unauthenticated, usedUp, newAccess, cancel);
            }

            if (allotted.Known is { } known && await presence.IsAliveAsync(known.Id, cancel))
            {
                return await RefuseAsync(
                    StatusCode.Aborted,
                    $"E_IDENTITY_CONFLICT: a board that says it is {known.Name} (serial '{hardware.Serial}', MAC {hardware.Mac}) wants to join, but {known.Name} is at work in the cluster; if this is that board with a new card, wait until the cluster has noticed (30 s), else look for a copied card",
                    newAccess,
                    cancel);
            }

            NodeId id = allotted.Known?.Id ?? newId;
            AclToken granted = newAccess ?? await access.EnsureAsync(id, allotted.Known, cancel);
            newAccess = granted.Accessor == allotted.Known?.ConsulAccessor ? null : granted;
            IPAddress? own = NodeCertificates.OwnOf(seen, id, existing.Select(node => node.Value));
            if (!certificates.TryIssue(request.CsrPem, id, allotted.Name, allotted.Address, own, now, out X509Certificate2? certificate, out string? unsigned))
            {
                return await RefuseAsync(StatusCode.InvalidArgument, unsigned, newAccess, cancel);
            }

            NodeRecord record = (allotted.Known ?? new NodeRecord { Id = id, Name = allotted.Name, Hardware = hardware, EnrolledAt = now }) with
            {
                Name = allotted.Name,
                Address = allotted.Address,
                Hardware = hardware,
                EnrolledBy = token.Value.Id,
                CertificateSerial = certificate.SerialNumber,
                CertificateExpiresAt = new DateTimeOffset(certificate.NotAfter),
                ConsulAccessor = granted.Accessor,
                ConsulSecret = granted.Secret,
            };
            if (!NodeLabels.TryAdd(record, request.Labels, out record, out string? badLabel))
            {
                return await RefuseAsync(StatusCode.InvalidArgument, $"the boot file's labels: {badLabel}", newAccess, cancel);
            }

            ulong index = existing.FirstOrDefault(node => node.Value.Id == id)?.ModifyIndex ?? 0;
            TransactionResult written = await consul.Transactions.RunAsync(
                [
                    TransactionOperation.CompareAndSet(Guard, SHA256.HashData(certificate.RawDataMemory.Span), guard),
                    NodeStore.Put(record, index),
                    TokenStore.Use(token, new TokenUse(id, keyHash, now)),
                ],
                cancel);
            if (written.Committed)
            {
                return new Enrolled(record, certificate, now);
            }

            certificate.Dispose();
            await Task.Delay(TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(10, 100)), time, cancel);
        }

        return await RefuseAsync(StatusCode.Aborted, "too many nodes enrol at once; try again", newAccess, cancel);
    }

    private async Task<EnrolmentRefused> RefuseAsync(StatusCode status, string reason, AclToken? unused, CancellationToken cancel)
    {
        if (unused is not null)
        {
            await access.RevokeAsync(unused.Accessor, cancel);
        }

        return new EnrolmentRefused(status, reason);
    }
}
