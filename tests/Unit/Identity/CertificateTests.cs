using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using RpiAgent.Identity;
using Xunit;

namespace RpiAgent.Tests.Unit.Identity;

public class CertificateTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);
    private static readonly PeerIdentity Node = new(PeerRole.Node, "7f3c1d9e-0000-4000-8000-000000000001");
    private readonly CertificateAuthority _authority = CertificateAuthority.Create("test", Now, TimeSpan.FromDays(3650));

    [Fact]
    public void A_signed_request_carries_our_names_and_nothing_of_the_requests()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=root, O=operator", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder greedy = new();
        greedy.AddUri(new PeerIdentity(PeerRole.Operator, "operator").Uri);
        request.CertificateExtensions.Add(greedy.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));

        Assert.True(_authority.TrySign(request.CreateSigningRequestPem(), Node, new HostNames(["pi1"], [IPAddress.Loopback]), Now, TimeSpan.FromDays(90), out X509Certificate2? certificate, out _));

        Assert.True(PeerIdentity.TryRead(certificate, out PeerIdentity? identity));
        Assert.Equal(Node, identity);
        Assert.Equal($"CN={Node.Id}, O=node", string.Join(", ", certificate.SubjectName.Name.Split(", ").Order(StringComparer.Ordinal)));
        Assert.False(certificate.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority);
        Assert.Equal((Now - TimeSpan.FromHours(24)).UtcDateTime, certificate.NotBefore.ToUniversalTime());
        Assert.True(certificate.MatchesHostname("pi1") && certificate.MatchesHostname("127.0.0.1"));
        Assert.Null(CertificateCheck.Refuse(certificate, _authority.Certificate, CertificatePurpose.Client, Now));
        Assert.Null(CertificateCheck.Refuse(certificate, _authority.Certificate, CertificatePurpose.Server, Now));
    }

    [Fact]
    public void A_request_with_another_kind_of_key_or_a_broken_signature_is_refused()
    {
        using ECDsa big = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] good = new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256).CreateSigningRequest();
        good[^1] ^= 1;

        foreach ((string pem, string reason) in new[]
        {
            (CredentialFiles.RequestFor(big), "P-256"),
            (PemEncoding.WriteString("CERTIFICATE REQUEST", good), "cannot be read"),
            ("hello", "cannot be read"),
        })
        {
            Assert.False(_authority.TrySign(pem, Node, HostNames.None, Now, TimeSpan.FromDays(90), out _, out string? refusal));
            Assert.Contains(reason, refusal, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_certificate_is_refused_with_the_reason()
    {
        using CertificateAuthority other = CertificateAuthority.Create("test", Now, TimeSpan.FromDays(3650));
        using X509Certificate2 operators = Issue(_authority, new PeerIdentity(PeerRole.Operator, "operator"));
        using X509Certificate2 node = Issue(_authority, Node);
        using X509Certificate2 stranger = Issue(other, Node);

        Assert.Contains("not issued by this cluster's CA", Refuse(stranger, CertificatePurpose.Client, Now), StringComparison.Ordinal);
        Assert.Contains("expired at", Refuse(node, CertificatePurpose.Client, Now + TimeSpan.FromDays(91)), StringComparison.Ordinal);
        Assert.Contains("check the clocks", Refuse(node, CertificatePurpose.Client, Now - TimeSpan.FromDays(300)), StringComparison.Ordinal);
        Assert.Contains("not meant for this use", Refuse(operators, CertificatePurpose.Server, Now), StringComparison.Ordinal);
    }

    [Fact]
    public void Until_its_clock_is_set_a_Pi_takes_the_begin_of_validity_as_now_but_never_forgives_the_end()
    {
        using X509Certificate2 node = Issue(_authority, Node);
        FakeTimeProvider time = new(new DateTimeOffset(2014, 7, 3, 0, 0, 0, TimeSpan.Zero));
        bool synchronised = false;
        TrustClock clock = new(time, () => synchronised);

        Assert.Null(Refuse(node, CertificatePurpose.Server, clock.VerificationTime(node, _authority.Certificate)));
        clock.NotBefore(Now + TimeSpan.FromDays(100));
        Assert.Contains("expired", Refuse(node, CertificatePurpose.Server, clock.VerificationTime(node, _authority.Certificate)), StringComparison.Ordinal);
        synchronised = true;
        Assert.Contains("check the clocks", Refuse(node, CertificatePurpose.Server, clock.VerificationTime(node, _authority.Certificate)), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_clock_time_goes_on_from_what_was_last_told()
    {
        FakeTimeProvider time = new(new DateTimeOffset(2014, 7, 3, 0, 0, 0, TimeSpan.Zero));
        bool synchronised = false;
        TrustClock clock = new(time, () => synchronised);
        clock.NotBefore(Now);
        time.Advance(TimeSpan.FromDays(122));
        Assert.Equal(Now + TimeSpan.FromDays(122), clock.Now);
        clock.NotBefore(Now + TimeSpan.FromDays(1));
        Assert.Equal(Now + TimeSpan.FromDays(122), clock.Now);
        synchronised = true;
        Assert.Equal(2014, clock.Now.Year);
    }

    [Theory]
    [InlineData("spiffe://rpi-agent/node/abc", true)]
    [InlineData("spiffe://rpi-agent/root/abc", false)]
    [InlineData("spiffe://rpi-agent/node/", false)]
    [InlineData("spiffe://rpi-agent/node/a/b", false)]
    [InlineData("spiffe://rpi-agent/Node/abc", false)]
    [InlineData("spiffe://rpi-agent/node/ABC", false)]
    [InlineData("https://rpi-agent/node/abc", false)]
    public void Only_our_own_names_are_identities(string uri, bool ours) =>
        Assert.Equal(ours, PeerIdentity.TryParse(uri, out _));

    private string Refuse(X509Certificate2 certificate, CertificatePurpose purpose, DateTimeOffset at) =>
        CertificateCheck.Refuse(certificate, _authority.Certificate, purpose, at)!;

    private static X509Certificate2 Issue(CertificateAuthority authority, PeerIdentity identity)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return authority.Issue(new PublicKey(key), identity, HostNames.None, Now, TimeSpan.FromDays(90));
    }
}
