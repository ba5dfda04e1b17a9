using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RpiAgent.Identity;

/// <summary>What the certificate is presented for.</summary>
public enum CertificatePurpose
{
    Server,
    Client,
}

/// <summary>Verifies a peer's certificate against the cluster's CA alone: no system roots, no downloads.</summary>
public static class CertificateCheck
{
    /// <summary>Null when the certificate is good, else why not, in words.</summary>
    public static string? Refuse(X509Certificate2 peer, X509Certificate2 authority, CertificatePurpose purpose, DateTimeOffset verificationTime)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(authority);
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTimeIgnored = false;
        chain.ChainPolicy.VerificationTime = verificationTime.LocalDateTime;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(purpose == CertificatePurpose.Server ? "1.3.6.1.5.5.7.3.1" : "1.3.6.1.5.5.7.3.2"));
        bool good = chain.Build(peer);
        X509ChainStatusFlags flags = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, status) => all | status.Status);
        bool reachesRoot = chain.ChainElements.Count == 2 && chain.ChainElements[1].Certificate.RawDataMemory.Span.SequenceEqual(authority.RawData);
        foreach (X509ChainElement element in chain.ChainElements)
        {
            element.Certificate.Dispose();
        }

        return good && reachesRoot ? null : Describe(flags, peer, verificationTime);
    }

    private static string Describe(X509ChainStatusFlags flags, X509Certificate2 peer, DateTimeOffset at)
    {
        // A certificate of a stranger first: its dates do not matter then.
        const X509ChainStatusFlags stranger =
            X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.NotSignatureValid;
        if ((flags & stranger) != X509ChainStatusFlags.NoError)
        {
            return "its certificate was not issued by this cluster's CA";
        }

        if ((flags & X509ChainStatusFlags.NotTimeValid) != X509ChainStatusFlags.NoError)
        {
            return peer.NotBefore > at.LocalDateTime
                ? $"its certificate begins at {peer.NotBefore.ToUniversalTime():u}, and here it is {at.UtcDateTime:u}: check the clocks"
                : $"its certificate expired at {peer.NotAfter.ToUniversalTime():u}, and here it is {at.UtcDateTime:u}";
        }

        return (flags & X509ChainStatusFlags.NotValidForUsage) != X509ChainStatusFlags.NoError
            ? "its certificate is not meant for this use"
            : $"its certificate is not valid here ({(flags == X509ChainStatusFlags.NoError ? "not issued directly by the CA" : flags)})";
    }
}
