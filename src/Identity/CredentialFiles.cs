using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RpiAgent.Identity;

/// <summary>
/// Credentials in a directory: <c>ca.pem</c>, <c>NAME.pem</c>, <c>NAME.key</c> (0600). A new key waits as <c>NAME.key.next</c> until its
/// certificate is on disk, so a power cut at any point leaves a matching pair.
/// </summary>
public sealed class CredentialFiles(string directory, string name)
{
    public string AuthorityPath => Path.Join(directory, "ca.pem");

    public string CertificatePath => Path.Join(directory, $"{name}.pem");

    public string KeyPath => Path.Join(directory, $"{name}.key");

    private string NextKeyPath => KeyPath + ".next";

    /// <summary>A certificate was saved here, readable or not.</summary>
    public bool Exist => File.Exists(CertificatePath);

    /// <summary>The key to ask a certificate for: on disk before it is used anywhere, and the same one again if the last try was cut off.</summary>
    public ECDsa PrepareKey()
    {
        AtomicFile.EnsureDirectory(directory, AtomicFile.PrivateDirectory);
        if (File.Exists(NextKeyPath))
        {
            ECDsa waiting = ECDsa.Create();
            waiting.ImportFromPem(File.ReadAllText(NextKeyPath));
            return waiting;
        }

        ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        AtomicFile.Write(NextKeyPath, key.ExportPkcs8PrivateKeyPem() + "\n", AtomicFile.Private);
        return key;
    }

    /// <summary>The next key to be prepared is a new one.</summary>
    public void ForgetNextKey() => File.Delete(NextKeyPath);

    /// <summary>Takes the certificate for the prepared key into use.</summary>
    public Credentials Commit(string certificatePem, string authorityPem)
    {
        Credentials credentials = Credentials.FromPem(certificatePem, File.ReadAllText(NextKeyPath), authorityPem);
        if (!File.Exists(AuthorityPath) || File.ReadAllText(AuthorityPath) != authorityPem)
        {
            AtomicFile.Write(AuthorityPath, authorityPem, AtomicFile.Public);
        }

        AtomicFile.Write(CertificatePath, certificatePem, AtomicFile.Public);
        AtomicFile.Rename(NextKeyPath, KeyPath);
        return credentials;
    }

    /// <summary>What was saved, or null when nothing was.</summary>
    /// <exception cref="CryptographicException">Something is there but does not fit together.</exception>
    public Credentials? Load()
    {
        if (!Exist)
        {
            return null;
        }

        string certificate = File.ReadAllText(CertificatePath);
        string authority = File.ReadAllText(AuthorityPath);
        if (File.Exists(NextKeyPath) && Matches(certificate, File.ReadAllText(NextKeyPath)))
        {
            AtomicFile.Rename(NextKeyPath, KeyPath); // cut between certificate and key
        }

        return Credentials.FromPem(certificate, File.ReadAllText(KeyPath), authority);
    }

    /// <summary>A PKCS#10 request for a key; the CA takes nothing from it but the public key.</summary>
    public static string RequestFor(ECDsa key)
    {
        CertificateRequest request = new(new X500DistinguishedName("CN=rpi-agent"), key, HashAlgorithmName.SHA256);
        return request.CreateSigningRequestPem();
    }

    private static bool Matches(string certificatePem, string keyPem)
    {
        using X509Certificate2 certificate = X509Certificate2.CreateFromPem(certificatePem);
        using ECDsa? held = certificate.GetECDsaPublicKey();
        using ECDsa key = ECDsa.Create();
        key.ImportFromPem(keyPem);
        return held is not null && held.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo());
    }
}
