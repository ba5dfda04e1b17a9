using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using RpiAgent.Protos;

namespace RpiAgent.Agent.NodeConfig.DockerOptions;

/// <summary>
/// The engine's TLS port, opened only when the coordinator asks for it. The engine shows the node's own certificate, and lets in only those
/// whose certificate is of the CA for Docker clients: with the cluster's CA for both, one stolen Pi would be root on all the others.
/// </summary>
/// <param name="Clients">PEM of the CA of those who may be root here.</param>
/// <param name="Certificate">PEM of this node's certificate.</param>
/// <param name="Key">PEM of its key.</param>
internal sealed record EngineTls(byte[] Clients, byte[] Certificate, byte[] Key)
{
    /// <summary>Copies: the engine must start also when the node has just lost its identity.</summary>
    public const string Folder = "/etc/docker/rpi-agent";
    private const string ClientsPath = $"{Folder}/clients.pem", CertificatePath = $"{Folder}/cert.pem", KeyPath = $"{Folder}/key.pem";

    public static ImmutableArray<string> Paths { get; } = [ClientsPath, CertificatePath, KeyPath];

    public static ImmutableArray<string> Words { get; } =
        [$"-H=tcp://0.0.0.0:{Ports.DockerTls}", "--tlsverify", $"--tlscacert={ClientsPath}", $"--tlscert={CertificatePath}", $"--tlskey={KeyPath}"];

    public ImmutableSortedDictionary<string, byte[]> Files => ImmutableSortedDictionary<string, byte[]>.Empty
        .Add(ClientsPath, Clients).Add(CertificatePath, Certificate).Add(KeyPath, Key);

    /// <summary>With the certificate and key that the engine has already, if it has any.</summary>
    public EngineTls WithPresent(ImmutableSortedDictionary<string, byte[]> files) =>
        files.TryGetValue(CertificatePath, out byte[]? certificate) && files.TryGetValue(KeyPath, out byte[]? key) ? this with { Certificate = certificate, Key = key } : this;

    /// <summary>As the coordinator writes it; empty when it is no certificate.</summary>
    public static string SerialOf(byte[] certificatePem)
    {
        try
        {
            using X509Certificate2 certificate = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(certificatePem));
            return certificate.SerialNumber;
        }
        catch (CryptographicException)
        {
            return "";
        }
    }
}
