using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace RpiAgent.Identity;

/// <summary>
/// TLS between members of the cluster: presents the live credentials, and accepts only certificates of the cluster's CA, by role and id
/// instead of host name.
/// </summary>
public sealed partial class ClusterTls(LiveCredentials credentials, TrustClock clock, ILogger<ClusterTls> logger)
{
    private readonly ILogger<ClusterTls> _logger = logger;

    /// <summary>For one handshake of a server. A client certificate that is presented is always verified.</summary>
    /// <param name="requireCertificate">False: a caller without certificate gets in and is for <see cref="PeerPolicy"/> to judge.</param>
    /// <param name="caller">Named when it is refused.</param>
    public SslServerAuthenticationOptions HandshakeOptions(bool requireCertificate, EndPoint? caller) => new()
    {
        ServerCertificate = credentials.Current.Certificate,
        ClientCertificateRequired = true, // asked for; whether it must come is the callback's decision
        RemoteCertificateValidationCallback = (_, certificate, _, _) => AcceptClient(certificate as X509Certificate2, requireCertificate, caller),
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
    };

    /// <summary>For a client that expects a server of this role, and of this id unless null.</summary>
    public SslClientAuthenticationOptions ClientOptions(PeerRole role, string? id = null) => new()
    {
        LocalCertificateSelectionCallback = (_, _, _, _, _) => credentials.Current.Certificate,
        RemoteCertificateValidationCallback = (_, certificate, _, _) => AcceptServer(certificate, credentials.Current.Authority, clock, role, id),
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
    };

    /// <summary>For a client without credentials that knows the CA: enrolment.</summary>
    public static SslClientAuthenticationOptions AnonymousClientOptions(X509Certificate2 authority, TrustClock clock, PeerRole role) => new()
    {
        RemoteCertificateValidationCallback = (_, certificate, _, _) => AcceptServer(certificate, authority, clock, role, null),
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
    };

    /// <summary>For the one call that fetches a CA whose digest is then compared: whoever answers is not trusted with anything.</summary>
    public static SslClientAuthenticationOptions UnverifiedClientOptions() => new()
    {
        RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
    };

    /// <summary>Null when the server may be talked to, else why not.</summary>
    public static string? RefuseServer(X509Certificate2? certificate, X509Certificate2 authority, TrustClock clock, PeerRole role, string? id)
    {
        ArgumentNullException.ThrowIfNull(authority);
        ArgumentNullException.ThrowIfNull(clock);
        if (certificate is null)
        {
            return "it showed no certificate";
        }

        if (CertificateCheck.Refuse(certificate, authority, CertificatePurpose.Server, clock.VerificationTime(certificate, authority)) is string reason)
        {
            return reason;
        }

        if (!PeerIdentity.TryRead(certificate, out PeerIdentity? peer))
        {
            return "its certificate names no role and id";
        }

        return peer.Role == role && (id is null || peer.Id == id)
            ? null
            : $"it is {peer}, not {PeerIdentity.NameOf(role)}{(id is null ? "" : " " + id)}";
    }

    /// <exception cref="AuthenticationException">With the reason: a plain false would hide it from the caller.</exception>
    private static bool AcceptServer(X509Certificate? certificate, X509Certificate2 authority, TrustClock clock, PeerRole role, string? id) =>
        RefuseServer(certificate as X509Certificate2, authority, clock, role, id) is string reason
            ? throw new AuthenticationException($"the server is refused: {reason}")
            : true;

    private bool AcceptClient(X509Certificate2? certificate, bool required, EndPoint? from)
    {
        string peer = from?.ToString() ?? "somebody";
        if (certificate is null)
        {
            if (required)
            {
                LogRefused(peer, "", "it showed no certificate");
            }

            return !required;
        }

        X509Certificate2 authority = credentials.Current.Authority;
        string? reason = CertificateCheck.Refuse(certificate, authority, CertificatePurpose.Client, clock.VerificationTime(certificate, authority));
        if (reason is null && !PeerIdentity.TryRead(certificate, out _))
        {
            reason = "its certificate names no role and id";
        }

        if (reason is not null)
        {
            LogRefused(peer, certificate.Subject, reason);
        }

        return reason is null;
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "Refused the TLS client {Peer} {Subject}: {Reason}")]
    private partial void LogRefused(string peer, string subject, string reason);
}
