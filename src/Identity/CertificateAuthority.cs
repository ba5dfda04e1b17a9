using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RpiAgent.Identity;

/// <summary>Names a server certificate carries beside its URI name, for clients that check host names.</summary>
public sealed record HostNames(ImmutableArray<string> Dns, ImmutableArray<IPAddress> Addresses)
{
    public static HostNames None { get; } = new([], []);
}

/// <summary>The cluster's own root: ECDSA P-256, signs leaves only. Holds the private key.</summary>
public sealed class CertificateAuthority : IDisposable
{
    private static readonly Oid ServerAuth = new("1.3.6.1.5.5.7.3.1");
    private static readonly Oid ClientAuth = new("1.3.6.1.5.5.7.3.2");
    private readonly ECDsa _key;

    private CertificateAuthority(X509Certificate2 certificate, ECDsa key)
    {
        Certificate = certificate;
        _key = key;
    }

    /// <summary>Every certificate begins a day early: boards without a clock battery and hosts with a slow clock must accept it.</summary>
    public static TimeSpan Backdating { get; } = TimeSpan.FromHours(24);

    /// <summary>Without the private key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>sha256 of the certificate, 64 lower-case hex digits: what join tokens carry.</summary>
    public string Digest => DigestOf(Certificate);

    public static string DigestOf(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return Convert.ToHexStringLower(SHA256.HashData(certificate.RawData));
    }

    /// <summary>Makes a new root.</summary>
    public static CertificateAuthority Create(string name, DateTimeOffset now, TimeSpan lifetime)
    {
        ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        X500DistinguishedNameBuilder subject = new();
        subject.AddCommonName(name);
        subject.AddOrganizationName("rpi-agent");
        CertificateRequest request = new(subject.Build(), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        X509Certificate2 certificate = request.Create(
            request.SubjectName, X509SignatureGenerator.CreateForECDsa(key), now - Backdating, now + lifetime, RandomSerial());
        return new CertificateAuthority(certificate, key);
    }

    /// <exception cref="CryptographicException">Not PEM, or key and certificate do not belong together.</exception>
    public static CertificateAuthority Load(string certificatePem, string keyPem)
    {
        X509Certificate2 certificate = X509Certificate2.CreateFromPem(certificatePem);
        ECDsa key = ECDsa.Create();
        key.ImportFromPem(keyPem);
        using ECDsa? held = certificate.GetECDsaPublicKey();
        if (held is null || !held.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo()))
        {
            throw new CryptographicException("the CA's key does not belong to its certificate");
        }

        return new CertificateAuthority(certificate, key);
    }

    public string ExportKeyPem() => _key.ExportPkcs8PrivateKeyPem();

    /// <summary>Signs a PKCS#10 request: only its public key is taken, and only if it is P-256 and the request's own signature is right.</summary>
    public bool TrySign(
        string requestPem, PeerIdentity identity, HostNames names, DateTimeOffset now, TimeSpan lifetime,
        [NotNullWhen(true)] out X509Certificate2? certificate, [NotNullWhen(false)] out string? refusal)
    {
        certificate = null;
        try
        {
            CertificateRequest request = CertificateRequest.LoadSigningRequestPem(requestPem, HashAlgorithmName.SHA256);
            using ECDsa? key = request.PublicKey.GetECDsaPublicKey();
            if (key is null || key.ExportParameters(false).Curve.Oid.Value != ECCurve.NamedCurves.nistP256.Oid.Value)
            {
                refusal = "the certificate request's key is not ECDSA P-256";
                return false;
            }

            certificate = Issue(request.PublicKey, identity, names, now, lifetime);
            refusal = null;
            return true;
        }
        catch (Exception broken) when (broken is CryptographicException or ArgumentException)
        {
            refusal = $"the certificate request cannot be read: {broken.Message}";
            return false;
        }
    }

    /// <summary>A certificate without key, valid from a day ago, at most until the root's own end.</summary>
    public X509Certificate2 Issue(PublicKey publicKey, PeerIdentity identity, HostNames names, DateTimeOffset now, TimeSpan lifetime)
    {
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentNullException.ThrowIfNull(names);
        X500DistinguishedNameBuilder subject = new();
        subject.AddCommonName(identity.Id);
        subject.AddOrganizationName(PeerIdentity.NameOf(identity.Role));
        CertificateRequest request = new(subject.Build(), publicKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        OidCollection purposes = identity.Role == PeerRole.Operator ? [ClientAuth] : [ServerAuth, ClientAuth];
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(purposes, false));
        request.CertificateExtensions.Add(AlternativeNames(identity, names));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(publicKey, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, true, false));
        DateTimeOffset last = new(Certificate.NotAfter);
        DateTimeOffset notAfter = now + lifetime < last ? now + lifetime : last;
        return request.Create(Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(_key), now - Backdating, notAfter, RandomSerial());
    }

    public void Dispose()
    {
        _key.Dispose();
        Certificate.Dispose();
    }

    private static X509Extension AlternativeNames(PeerIdentity identity, HostNames names)
    {
        SubjectAlternativeNameBuilder builder = new();
        builder.AddUri(identity.Uri);
        foreach (string name in names.Dns)
        {
            builder.AddDnsName(name);
        }

        foreach (IPAddress address in names.Addresses)
        {
            builder.AddIpAddress(address);
        }

        return builder.Build();
    }

    /// <summary>16 random bytes, positive (RFC 5280 4.1.2.2).</summary>
    private static byte[] RandomSerial()
    {
        byte[] serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7f) | 0x40);
        return serial;
    }
}
