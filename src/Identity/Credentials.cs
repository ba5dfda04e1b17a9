using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RpiAgent.Identity;

/// <summary>A certificate with its key, and the CA it belongs to.</summary>
public sealed class Credentials : IDisposable
{
    private Credentials(PeerIdentity identity, X509Certificate2 certificate, X509Certificate2 authority)
    {
        Identity = identity;
        Certificate = certificate;
        Authority = authority;
    }

    public PeerIdentity Identity { get; }

    public X509Certificate2 Certificate { get; }

    public X509Certificate2 Authority { get; }

    public DateTimeOffset NotBefore => new(Certificate.NotBefore);

    public DateTimeOffset NotAfter => new(Certificate.NotAfter);

    /// <exception cref="CryptographicException">Not PEM, key and certificate do not match, or no identity in the certificate.</exception>
    public static Credentials FromPem(string certificatePem, string keyPem, string authorityPem)
    {
        X509Certificate2 authority = X509Certificate2.CreateFromPem(authorityPem);
        X509Certificate2 certificate;
        try
        {
            certificate = X509Certificate2.CreateFromPem(certificatePem, keyPem);
        }
        catch (ArgumentException mismatch)
        {
            throw new CryptographicException("the private key does not belong to the certificate", mismatch);
        }

        return PeerIdentity.TryRead(certificate, out PeerIdentity? identity)
            ? new Credentials(identity, certificate, authority)
            : throw new CryptographicException("the certificate names no role and id of this cluster");
    }

    public void Dispose()
    {
        Certificate.Dispose();
        Authority.Dispose();
    }
}

/// <summary>The credentials in use; a renewal replaces them and every later handshake takes the new ones.</summary>
public sealed class LiveCredentials(Credentials first)
{
    private volatile Credentials _current = first;

    public Credentials Current => _current;

    /// <summary>The old ones are not disposed: handshakes may still use them.</summary>
    public void Replace(Credentials next) => _current = next;
}
