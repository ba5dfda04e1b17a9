using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Identity;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Agent.Enrolment;

/// <summary>The few calls an agent makes to a coordinator. Each opens its own connection: they are rare, and addresses change in between.</summary>
internal sealed class CoordinatorClient(TrustClock clock, TimeProvider time)
{
    /// <summary>Anybody may claim to be a coordinator, and several are asked at once: together they must not fill a Pi's memory.</summary>
    private const int MostBytes = 256 * 1024;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>The CA of the cluster at this address, if it is the one with this digest. What the server shows before that is not trusted.</summary>
    /// <param name="authorityDigest">As in the join token, or on the card; null when nobody told, then any will do.</param>
    /// <exception cref="EnrolmentException">It is another cluster.</exception>
    public async Task<X509Certificate2> FetchAuthorityAsync(Uri coordinator, string? authorityDigest, CancellationToken cancel)
    {
        SslClientAuthenticationOptions anything = ClusterTls.UnverifiedClientOptions();
        GetCertificateAuthorityReply reply = await CallAsync(
            coordinator, anything, (client, limit) => client.GetCertificateAuthorityAsync(new GetCertificateAuthorityRequest(), cancellationToken: limit), cancel);
        X509Certificate2 authority;
        try
        {
            authority = X509Certificate2.CreateFromPem(reply.CaPem);
        }
        catch (CryptographicException unreadable)
        {
            throw new EnrolmentException($"{coordinator} sent a CA that cannot be read: {unreadable.Message}", unreadable);
        }

        string digest = CertificateAuthority.DigestOf(authority);
        return authorityDigest is null || digest == authorityDigest
            ? authority
            : throw new EnrolmentException($"the join token is of another cluster: it names the CA {authorityDigest[..12]}…, {coordinator} has {digest[..12]}…; use a token made by that coordinator, or correct its address");
    }

    /// <summary>
    /// Null when the coordinator of the cluster with this CA answers at this address, else why that is not known. Another server can show
    /// the cluster's CA, but not answer by a certificate of it.
    /// </summary>
    /// <param name="throughInterface">The only interface to ask over; empty for any.</param>
    public async Task<string?> WhyNotProvenAsync(Uri coordinator, string? authorityDigest, CancellationToken cancel, string throughInterface = "")
    {
        try
        {
            using X509Certificate2 authority = await FetchAuthorityAsync(coordinator, authorityDigest, cancel);
            await CallAsync(
                coordinator,
                ClusterTls.AnonymousClientOptions(authority, clock, PeerRole.Coordinator),
                (client, limit) => client.GetCertificateAuthorityAsync(new GetCertificateAuthorityRequest(), cancellationToken: limit),
                cancel,
                throughInterface);
            return null;
        }
        catch (EnrolmentException e)
        {
            return e.Message;
        }
        catch (RpcException e)
        {
            return EnrolmentFailure.From(e, coordinator).Reason;
        }
    }

    /// <summary>Whether the coordinator lets somebody in with this certificate; null when none of its cluster answers.</summary>
    public async Task<bool?> TakesAsync(Uri coordinator, Credentials credentials, CancellationToken cancel)
    {
        ClusterTls known = new(new LiveCredentials(credentials), clock, NullLogger<ClusterTls>.Instance);
        return await AnswersAsync(known.ClientOptions(PeerRole.Coordinator)) ? true
            : await AnswersAsync(ClusterTls.AnonymousClientOptions(credentials.Authority, clock, PeerRole.Coordinator)) ? false
            : null;

        async Task<bool> AnswersAsync(SslClientAuthenticationOptions tls)
        {
            try
            {
                await CallAsync(coordinator, tls, (client, limit) => client.GetCertificateAuthorityAsync(new GetCertificateAuthorityRequest(), cancellationToken: limit), cancel);
                return true;
            }
            catch (RpcException)
            {
                return false;
            }
        }
    }

    /// <summary>By token, over a connection that only this CA's coordinator can hold.</summary>
    public Task<EnrolReply> EnrolAsync(Uri coordinator, X509Certificate2 authority, EnrolRequest request, CancellationToken cancel) =>
        CallAsync(coordinator, ClusterTls.AnonymousClientOptions(authority, clock, PeerRole.Coordinator), (client, limit) => client.EnrolAsync(request, cancellationToken: limit), cancel);

    /// <summary>By the present certificate.</summary>
    public Task<EnrolReply> RenewAsync(Uri coordinator, ClusterTls tls, EnrolRequest request, CancellationToken cancel) =>
        CallAsync(coordinator, tls.ClientOptions(PeerRole.Coordinator), (client, limit) => client.EnrolAsync(request, cancellationToken: limit), cancel);

    public Task<ConfirmNetworkReply> ConfirmNetworkAsync(Uri coordinator, ClusterTls tls, ConfirmNetworkRequest request, CancellationToken cancel, string throughInterface = "") =>
        CallAsync(coordinator, tls.ClientOptions(PeerRole.Coordinator), (client, limit) => client.ConfirmNetworkAsync(request, cancellationToken: limit), cancel, throughInterface);

    private async Task<T> CallAsync<T>(
        Uri coordinator, SslClientAuthenticationOptions tls, Func<Protos.Wire.Enrolment.EnrolmentClient, CancellationToken, AsyncUnaryCall<T>> call, CancellationToken cancel, string throughInterface = "")
    {
        using CancellationTokenSource timeout = new(Limit, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancel);
        using GrpcChannel channel = ClusterChannel.Create(coordinator, tls, KeepAlive.Relaxed, MostBytes, throughInterface);
        try
        {
            using AsyncUnaryCall<T> running = call(new Protos.Wire.Enrolment.EnrolmentClient(channel), either.Token);
            return await running.ResponseAsync;
        }
        catch (RpcException) when (cancel.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancel);
        }
    }
}
