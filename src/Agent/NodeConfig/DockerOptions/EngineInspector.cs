using System.Collections.Immutable;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using RpiAgent.Identity;
using RpiAgent.Protos;

namespace RpiAgent.Agent.NodeConfig.DockerOptions;

/// <summary>Reads how the engine is started here. Changes nothing.</summary>
internal sealed class EngineInspector(AgentOptions options, CommandRunner commands)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private readonly CredentialFiles _identity = new(options.State("identity"), "node");

    /// <param name="files">The node's files.</param>
    public async Task<EngineSetup> InspectAsync(FileView files, CancellationToken cancel)
    {
        EngineSetup onDisk = EngineSetup.Debian with
        {
            Defaults = files.Read(DockerDefaults.FilePath) ?? [],
            DropIn = files.Read(DockerOptionsPlanner.DropInPath),
            Daemon = files.Read("/etc/docker/daemon.json"),
            TlsFiles = EngineTls.Paths.Select(path => (path, content: files.Read(path))).Where(file => file.content is not null).ToImmutableSortedDictionary(file => file.path, file => file.content!, StringComparer.Ordinal),
            Identity = Identity(),
        };
        if (options.Root != "/")
        {
            return onDisk;
        }

        CommandResult unit = await commands.RunAsync("systemctl", ["cat", "docker.service"], Limit, cancel);
        CommandResult version = await commands.RunAsync("dockerd", ["--version"], Limit, cancel); // Docker version 20.10.24+dfsg1, build 297e128
        (var starts, string own, bool readsDefaults) = UnitText.Parse(unit.Succeeded ? unit.Output : "");
        return onDisk with
        {
            Starts = starts,
            UnitStart = own,
            ReadsDefaults = readsDefaults,
            Version = version.Output.Split(' ') is [_, "version", var number, ..] ? number.Split('+', ',')[0] : "",
            Networks = [.. NetworkInterface.GetAllNetworkInterfaces()
                .Where(link => link.Name is not "lo" && !link.Name.StartsWith("docker", StringComparison.Ordinal) && !link.Name.StartsWith("br-", StringComparison.Ordinal) && !link.Name.StartsWith("veth", StringComparison.Ordinal))
                .SelectMany(link => link.GetIPProperties().UnicastAddresses)
                .Where(unicast => unicast.Address.AddressFamily == AddressFamily.InterNetwork)
                .Select(unicast => (Ipv4.Parse(unicast.Address.ToString()).Value, unicast.PrefixLength))],
        };
    }

    private (byte[], byte[])? Identity() =>
        _identity.Exist && File.Exists(_identity.KeyPath) ? (File.ReadAllBytes(_identity.CertificatePath), File.ReadAllBytes(_identity.KeyPath)) : null;
}
