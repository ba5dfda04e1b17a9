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
    private readonly EngineProbe _probe = new(options);
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
            Networks = Networks(await _probe.ReadBridgesAsync(cancel)),
        };
    }

    /// <param name="bridges">The engine's; one that does not answer has at least those that are called as it calls them.</param>
    private static ImmutableArray<Ipv4Range> Networks(ImmutableArray<string> bridges) =>
        [.. NetworkInterface.GetAllNetworkInterfaces()
            .Where(link => link.Name is not ("lo" or "docker0" or "docker_gwbridge") && !bridges.Contains(link.Name) && !IsNamedByEngine(link.Name))
            .SelectMany(link => link.GetIPProperties().UnicastAddresses)
            .Where(unicast => unicast.Address.AddressFamily == AddressFamily.InterNetwork)
            .Select(unicast => new Ipv4Range(Ipv4.Parse(unicast.Address.ToString()), unicast.PrefixLength))];

    /// <summary>br- and the first twelve digits of a network's id; br-lan is a person's.</summary>
    private static bool IsNamedByEngine(string link) => link.StartsWith("br-", StringComparison.Ordinal) && link.Length == 15 && link.Skip(3).All(char.IsAsciiHexDigitLower);

    private (byte[], byte[])? Identity() =>
        _identity.Exist && File.Exists(_identity.KeyPath) ? (File.ReadAllBytes(_identity.CertificatePath), File.ReadAllBytes(_identity.KeyPath)) : null;
}
