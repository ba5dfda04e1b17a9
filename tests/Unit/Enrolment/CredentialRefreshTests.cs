using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RpiAgent.Coordinator.Setup;
using RpiAgent.Identity;
using Xunit;

namespace RpiAgent.Tests.Unit.Enrolment;

public sealed class CredentialRefreshTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);
    private readonly string _folder = Directory.CreateTempSubdirectory("refresh").FullName;
    private readonly FakeTimeProvider _time = new(Now);

    [Fact]
    public async Task A_renewed_certificate_is_taken_over_and_a_broken_one_is_not()
    {
        using CertificateAuthority authority = CertificateAuthority.Create("test", Now, TimeSpan.FromDays(100));
        CredentialFiles files = new(_folder, "coordinator");
        LiveCredentials live = new(Issue(files, authority));
        string first = live.Current.Certificate.Thumbprint;
        using CredentialRefresh refresh = new(files, live, _time, NullLogger<CredentialRefresh>.Instance);
        await refresh.StartAsync(TestContext.Current.CancellationToken);

        _time.Advance(CredentialRefresh.Interval);
        Assert.Equal(first, live.Current.Certificate.Thumbprint);

        string second = Issue(files, authority).Certificate.Thumbprint;
        await TickUntilAsync(() => live.Current.Certificate.Thumbprint == second);

        await File.WriteAllTextAsync(files.CertificatePath, "rubbish", TestContext.Current.CancellationToken);
        _time.Advance(CredentialRefresh.Interval);
        Assert.Equal(second, live.Current.Certificate.Thumbprint);

        string third = Issue(files, authority).Certificate.Thumbprint;
        await TickUntilAsync(() => live.Current.Certificate.Thumbprint == third);
        await refresh.StopAsync(TestContext.Current.CancellationToken);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task TickUntilAsync(Func<bool> holds)
    {
        for (int i = 0; i < 100 && !holds(); i++)
        {
            _time.Advance(CredentialRefresh.Interval);
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, TestContext.Current.CancellationToken);
        }

        Assert.True(holds());
    }

    private static Credentials Issue(CredentialFiles files, CertificateAuthority authority)
    {
        using ECDsa key = files.PrepareKey();
        using X509Certificate2 certificate = authority.Issue(
            PublicKey.CreateFromSubjectPublicKeyInfo(key.ExportSubjectPublicKeyInfo(), out _), new PeerIdentity(PeerRole.Coordinator, "coordinator"), new HostNames([], []), Now, TimeSpan.FromDays(90));
        return files.Commit(certificate.ExportCertificatePem() + "\n", authority.Certificate.ExportCertificatePem() + "\n");
    }
}
