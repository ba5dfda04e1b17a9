using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RpiAgent.Identity;
using Xunit;

namespace RpiAgent.Tests.Unit.Identity;

public sealed class CredentialFilesTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);
    private readonly string _folder = Directory.CreateTempSubdirectory("rpi-cred-").FullName;
    private readonly CertificateAuthority _authority = CertificateAuthority.Create("test", Now, TimeSpan.FromDays(3650));

    private CredentialFiles Files => new(Path.Join(_folder, "identity"), "node");

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void The_key_asked_with_is_the_same_until_its_certificate_is_there()
    {
        Assert.Null(Files.Load());
        string first = PublicKeyOf(Files.PrepareKey());
        Assert.Equal(first, PublicKeyOf(Files.PrepareKey()));

        using Credentials saved = Commit();

        Assert.NotEqual(first, PublicKeyOf(Files.PrepareKey()));
        Assert.Equal(saved.Certificate.SerialNumber, Files.Load()!.Certificate.SerialNumber);
        Assert.Equal(AtomicFile.Private, File.GetUnixFileMode(Files.KeyPath));
    }

    [Fact]
    public void A_power_cut_between_certificate_and_key_leaves_a_pair()
    {
        Commit().Dispose();
        string oldKey = File.ReadAllText(Files.KeyPath);
        using Credentials renewed = Commit();
        File.Move(Files.KeyPath, Files.KeyPath + ".next");
        File.WriteAllText(Files.KeyPath, oldKey);

        using Credentials loaded = Files.Load()!;

        Assert.Equal(renewed.Certificate.SerialNumber, loaded.Certificate.SerialNumber);
        Assert.False(File.Exists(Files.KeyPath + ".next"));
    }

    [Fact]
    public void A_renewal_that_was_cut_before_its_certificate_leaves_the_old_pair()
    {
        using Credentials before = Commit();
        Files.PrepareKey().Dispose();

        Assert.Equal(before.Certificate.SerialNumber, Files.Load()!.Certificate.SerialNumber);
    }

    [Fact]
    public void A_key_that_does_not_belong_to_the_certificate_is_told()
    {
        Commit().Dispose();
        using ECDsa other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        File.WriteAllText(Files.KeyPath, other.ExportPkcs8PrivateKeyPem());

        Assert.Throws<CryptographicException>(() => Files.Load());
    }

    [Fact]
    public void A_file_is_replaced_as_a_whole_with_its_mode()
    {
        string path = Path.Join(_folder, "file");
        File.WriteAllText(path, "old and longer");
        File.WriteAllText(Path.Join(_folder, ".file.new"), "left behind by a cut");

        AtomicFile.Write(path, "new", AtomicFile.Private);

        Assert.Equal("new", File.ReadAllText(path));
        Assert.Equal(AtomicFile.Private, File.GetUnixFileMode(path));
        Assert.Equal([path], Directory.GetFiles(_folder));
    }

    private Credentials Commit()
    {
        using ECDsa key = Files.PrepareKey();
        using X509Certificate2 certificate = _authority.Issue(new PublicKey(key), new PeerIdentity(PeerRole.Node, "n1"), HostNames.None, Now, TimeSpan.FromDays(90));
        return Files.Commit(certificate.ExportCertificatePem(), _authority.Certificate.ExportCertificatePem());
    }

    private static string PublicKeyOf(ECDsa key)
    {
        using (key)
        {
            return Convert.ToHexString(key.ExportSubjectPublicKeyInfo());
        }
    }
}
