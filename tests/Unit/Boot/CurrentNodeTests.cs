using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RpiAgent.Agent.Boot;
using RpiAgent.Agent.Enrolment;
using RpiAgent.Identity;
using Xunit;

namespace RpiAgent.Tests.Unit.Boot;

public class CurrentNodeTests
{
    [Fact]
    public void An_order_that_comes_while_the_certificate_is_renewed_is_not_lost()
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using CertificateAuthority authority = CertificateAuthority.Create("test", now, TimeSpan.FromDays(9));
        EnrolledSpec spec = new("pi1", new EnrolledNetwork("eth0", "dhcp", "", "", []), [], new Uri("https://192.168.1.2:8501"), "first") { Revision = "r1" };
        SavedEnrolment saved = new() { Coordinator = new Uri("https://192.168.1.2:7444"), Board = new Board { Serial = "s1" }, Spec = spec };
        EnrolledNode asked = new(NewCredentials(), saved);
        using CurrentNode node = new(asked);
        CancellationToken changed = node.Changed;

        node.Update(now => now with { Next = spec with { Revision = "r2" } });
        EnrolledNode renewed = new(NewCredentials(), saved with { Board = new Board { Serial = "s2" }, Spec = spec with { ConsulToken = "second" } });
        node.Renew(renewed);

        Assert.True(changed.IsCancellationRequested);
        Assert.Same(renewed.Credentials, node.Current.Credentials);
        Assert.Equal(("r2", "r1", "second", "s2"), (node.Current.Saved.Next?.Revision, node.Current.Spec.Revision, node.Current.Spec.ConsulToken, node.Current.Saved.Board.Serial));
        Assert.Equal("second", node.Current.Saved.Next?.ConsulToken); // it becomes the specification

        Credentials NewCredentials()
        {
            using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            Assert.True(authority.TrySign(CredentialFiles.RequestFor(key), new PeerIdentity(PeerRole.Node, "1"), HostNames.None, now, TimeSpan.FromDays(1), out X509Certificate2? certificate, out _));
            using (certificate)
            {
                return Credentials.FromPem(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem(), authority.Certificate.ExportCertificatePem());
            }
        }
    }
}
