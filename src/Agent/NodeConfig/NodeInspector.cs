using System.Net.NetworkInformation;
using System.Text;
using Docker.DotNet.Models;
using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Agent.Engine;
using RpiAgent.Agent.NodeConfig.DockerOptions;
using RpiAgent.Agent.NodeConfig.Documents;
using RpiAgent.Agent.NodeConfig.Interfaces;
using RpiAgent.Agent.NodeConfig.Profiles;
using RpiAgent.Agent.NodeConfig.Wifi;

namespace RpiAgent.Agent.NodeConfig;

/// <summary>Reads how this node is configured now. Changes nothing.</summary>
internal sealed class NodeInspector(AgentOptions options, CommandRunner commands)
{
    private static readonly TimeSpan EngineLimit = TimeSpan.FromSeconds(5);

    private readonly FileView _files = FileView.OfDirectory(options.Root);
    private readonly BackendDetection _detection = new(options, commands);
    private readonly EngineInspector _engine = new(options, commands);
    private readonly EngineConnection _docker = new(options.DockerSocket, EngineConnection.NoHold, TimeProvider.System, NullLogger<EngineConnection>.Instance);
    private readonly ProfileInspector _profiles = new(options, commands);

    /// <param name="interfaceName">The interface whose address is wished; null when none is.</param>
    public async Task<NodeState> InspectAsync(string? interfaceName, CancellationToken cancel)
    {
        InterfacesModel interfaces = InterfacesReader.Read(_files);
        NetworkManagement? management = interfaceName is null ? null : await _detection.DetectAsync(interfaceName, interfaces, cancel);
        return new NodeState(
            Text("/etc/hostname").Trim(),
            _files.Read("/etc/hosts") ?? [],
            interfaces,
            interfaceName is null ? new InterfaceFacts(null, HasDnsHook: false) : InterfaceFacts.Read(_files, interfaceName),
            ReadResolv(),
            management,
            await _engine.InspectAsync(_files, cancel),
            VolatileRoot.IsHere(options))
        {
            CloudInit = CloudInit.Read(_files),
            WpaConfiguration = interfaceName is null ? null : _files.Read(WpaConfiguration.PathOf(interfaceName)),
            ManagedSwarmAddress = interfaceName is null ? "" : await ManagedSwarmAddressAsync(interfaceName, cancel),
            Profile = management?.Claims is [NetworkBackend.NetworkManager] ? await _profiles.InspectAsync(management.Interface, cancel) : ProfileState.None,
        };
    }

    /// <summary>A manager that the others do not answer takes longer than this to say so, and one that is off is a manager all the same.</summary>
    private async Task<string> ManagedSwarmAddressAsync(string interfaceName, CancellationToken cancel)
    {
        if (options.Root != "/")
        {
            return "";
        }

        try
        {
            SystemInfoResponse info = await _docker.CallAsync("read engine information", EngineLimit, (client, token) => client.System.GetSystemInfoAsync(token), cancel);
            return info.Swarm is { ControlAvailable: true } swarm ? OfInterface(swarm.NodeAddr) : "";
        }
        catch (EngineException)
        {
            return OfInterface(SwarmOnDisk.ManagedAddress(options));
        }

        string OfInterface(string managed) => NetworkInterface.GetAllNetworkInterfaces().Any(link =>
            link.Name == interfaceName && link.GetIPProperties().UnicastAddresses.Any(address => address.Address.ToString() == managed)) ? managed : "";
    }

    private ResolvState ReadResolv()
    {
        // The link itself matters here: it says who owns the file.
        string path = options.Under(ResolvState.FilePath);
        string? target = RootedPath.LinkTarget(path);
        bool isImmutable = target is null && FileOwnership.Read(path) is { IsImmutable: true };
        return new ResolvState(_files.Read(ResolvState.FilePath), target, isImmutable);
    }

    private string Text(string path)
    {
        // Files of /proc have no length.
        string real = RootedPath.Resolve(options.Root, path);
        return File.Exists(real) ? File.ReadAllText(real, Encoding.Latin1) : "";
    }
}
