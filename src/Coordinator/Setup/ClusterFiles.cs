using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RpiAgent.Identity;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Setup;

/// <summary>The CA and the certificates it gave to this machine, in the state directory. Made once, kept, renewed in their last half.</summary>
internal sealed class ClusterFiles(CoordinatorOptions options)
{
    /// <summary>Ten years.</summary>
    private static readonly TimeSpan AuthorityLifetime = TimeSpan.FromDays(3650);

    public string AuthorityPath => options.State("ca.pem");

    public string AuthorityKeyPath => options.State("ca.key");

    public string ConsulDirectory => options.State("consul");

    public string ManagementTokenPath => Path.Join(ConsulDirectory, "management-token");

    public CredentialFiles Coordinator => new(options.StateDirectory, "coordinator");

    public CredentialFiles Operator => new(options.StateDirectory, "operator");

    public CredentialFiles Consul => new(ConsulDirectory, "consul");

    /// <summary>What a docker client takes as DOCKER_CERT_PATH: ca.pem, cert.pem, key.pem.</summary>
    public string DockerDirectory => options.State("docker");

    /// <summary>The CA of Docker clients, and the operator's certificate of it. Not inside of what an operator copies.</summary>
    private string DockerClientsDirectory => options.State("docker-clients");

    /// <exception cref="SetupException">There is none, or it cannot be read.</exception>
    public CertificateAuthority LoadAuthority()
    {
        try
        {
            return CertificateAuthority.Load(File.ReadAllText(AuthorityPath), File.ReadAllText(AuthorityKeyPath));
        }
        catch (Exception broken) when (broken is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new SetupException($"the cluster's CA in {options.StateDirectory} cannot be read ({broken.Message}); run `rpi-coordinator init`, or restore ca.pem and ca.key from a backup", broken);
        }
    }

    /// <exception cref="SetupException">Not made yet.</exception>
    public string LoadManagementToken()
    {
        try
        {
            return File.ReadAllText(ManagementTokenPath).Trim();
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException)
        {
            throw new SetupException($"{ManagementTokenPath} cannot be read ({missing.Message}); restart rpi-coordinator, which makes it", missing);
        }
    }

    /// <summary>The key is written before the certificate: a certificate on disk means a whole CA.</summary>
    public CertificateAuthority EnsureAuthority(DateTimeOffset now, Action<string> tell)
    {
        if (File.Exists(AuthorityPath))
        {
            return LoadAuthority();
        }

        if (Coordinator.Exist || Operator.Exist || Consul.Exist)
        {
            throw new SetupException($"{AuthorityPath} is missing, but certificates of it exist: restore it from a backup, or empty {options.StateDirectory} to begin a new cluster");
        }

        CertificateAuthority authority = Make("RpiAgent cluster CA", AuthorityPath, AuthorityKeyPath, now);
        tell($"made a CA, digest {authority.Digest}");
        return authority;
    }

    /// <summary>A CA of its own for Docker clients, and the operator's files for `docker --tlsverify`.</summary>
    public void EnsureDockerClients(CertificateAuthority cluster, DateTimeOffset now, Action<string> tell)
    {
        AtomicFile.EnsureDirectory(DockerDirectory, AtomicFile.PrivateDirectory);
        string before = Path.Join(DockerDirectory, "clients"); // where it was once
        if (Directory.Exists(before) && !Directory.Exists(DockerClientsDirectory))
        {
            Directory.Move(before, DockerClientsDirectory);
        }

        AtomicFile.EnsureDirectory(DockerClientsDirectory, AtomicFile.PrivateDirectory);
        CredentialFiles files = new(DockerClientsDirectory, "operator");
        string keyPath = Path.Join(DockerClientsDirectory, "ca.key");
        using CertificateAuthority clients = File.Exists(files.AuthorityPath)
            ? CertificateAuthority.Load(File.ReadAllText(files.AuthorityPath), File.ReadAllText(keyPath))
            : Make("RpiAgent CA of Docker clients", files.AuthorityPath, keyPath, now);
        EnsureCertificate(files, clients, new PeerIdentity(PeerRole.Operator, "docker"), HostNames.None, now, tell);
        (string Name, string Content)[] copies =
            [("ca.pem", cluster.Certificate.ExportCertificatePem() + "\n"), ("cert.pem", File.ReadAllText(files.CertificatePath)), ("key.pem", File.ReadAllText(files.KeyPath))];
        foreach ((string name, string content) in copies)
        {
            string path = Path.Join(DockerDirectory, name);
            if (!File.Exists(path) || File.ReadAllText(path) != content)
            {
                AtomicFile.Write(path, content, AtomicFile.Private);
            }
        }
    }

    /// <summary>PEM of the CA of Docker clients.</summary>
    /// <exception cref="SetupException">Not made yet.</exception>
    public string LoadDockerClients()
    {
        string path = Path.Join(DockerClientsDirectory, "ca.pem");
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException)
        {
            throw new SetupException($"DockerTls is set, but {path} cannot be read ({missing.Message}); restart rpi-coordinator, which makes it", missing);
        }
    }

    private static CertificateAuthority Make(string name, string path, string keyPath, DateTimeOffset now)
    {
        CertificateAuthority authority = CertificateAuthority.Create(name, now, AuthorityLifetime);
        AtomicFile.Write(keyPath, authority.ExportKeyPem() + "\n", AtomicFile.Private);
        AtomicFile.Write(path, authority.Certificate.ExportCertificatePem() + "\n", AtomicFile.Public);
        return authority;
    }

    public void EnsureCertificate(CredentialFiles files, CertificateAuthority authority, PeerIdentity identity, HostNames names, DateTimeOffset now, Action<string> tell)
    {
        string? why = WhyNew(files, authority, identity, names, now);
        if (why is null)
        {
            return;
        }

        using ECDsa key = files.PrepareKey();
        using X509Certificate2 certificate = authority.Issue(
            PublicKey.CreateFromSubjectPublicKeyInfo(key.ExportSubjectPublicKeyInfo(), out _), identity, names, now, TimeSpan.FromDays(options.ServerCertificateDays));
        using Credentials made = files.Commit(certificate.ExportCertificatePem() + "\n", authority.Certificate.ExportCertificatePem() + "\n");
        tell($"issued a certificate to {identity} ({why})");
    }

    /// <summary>Names by which programs that check host names may call this machine's servers.</summary>
    public HostNames NamesOf(params string[] dns) =>
        new([.. dns, "localhost"], [Ipv4.Parse(options.AdvertiseAddress).ToIPAddress(), IPAddress.Loopback]);

    private static string? WhyNew(CredentialFiles files, CertificateAuthority authority, PeerIdentity identity, HostNames names, DateTimeOffset now)
    {
        if (!files.Exist)
        {
            return "new";
        }

        try
        {
            using Credentials? held = files.Load();
            if (held is null || held.Identity != identity)
            {
                return "for another id";
            }

            if (CertificateCheck.Refuse(held.Certificate, authority.Certificate, CertificatePurpose.Client, now) is string reason)
            {
                return reason;
            }

            if (now > held.NotBefore + ((held.NotAfter - held.NotBefore) / 2))
            {
                return "the old one is past its half";
            }

            IEnumerable<string> wanted = [.. names.Dns, .. names.Addresses.Select(address => address.ToString())];
            return wanted.FirstOrDefault(name => !held.Certificate.MatchesHostname(name, allowWildcards: false)) is string missing
                ? $"the old one does not name {missing}"
                : null;
        }
        catch (Exception broken) when (broken is CryptographicException or IOException or ArgumentException)
        {
            return $"the old one cannot be read: {broken.Message}";
        }
    }
}

/// <summary>The machine is not set up, and what to do about it.</summary>
internal sealed class SetupException(string message, Exception? inner = null) : Exception(message, inner);
