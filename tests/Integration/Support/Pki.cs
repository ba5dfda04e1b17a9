using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RpiAgent.Identity;

namespace RpiAgent.Tests.Integration.Support;

/// <summary>A cluster's CA in memory, and certificates of it.</summary>
public sealed class Pki : IDisposable
{
    public CertificateAuthority Authority { get; } =
        CertificateAuthority.Create("test", TimeProvider.System.GetUtcNow() - TimeSpan.FromDays(400), TimeSpan.FromDays(3650));

    public Credentials Issue(PeerIdentity identity) => Issue(identity, TimeProvider.System.GetUtcNow(), TimeSpan.FromDays(90));

    public Credentials Issue(PeerIdentity identity, DateTimeOffset now, TimeSpan lifetime)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = Authority.Issue(
            PublicKey.CreateFromSubjectPublicKeyInfo(key.ExportSubjectPublicKeyInfo(), out _), identity, HostNames.None, now, lifetime);
        return Credentials.FromPem(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem(), Authority.Certificate.ExportCertificatePem());
    }

    public void Dispose() => Authority.Dispose();
}
