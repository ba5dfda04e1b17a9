using System.Collections.Immutable;
using RpiAgent.Agent.NodeConfig.DockerOptions;
using RpiAgent.Agent.NodeConfig.Documents;
using RpiAgent.Agent.NodeConfig.Interfaces;
using RpiAgent.Agent.NodeConfig.Profiles;
using RpiAgent.Agent.NodeConfig.Wifi;
using RpiAgent.Protos;

namespace RpiAgent.Agent.NodeConfig;

/// <summary>From the node's configuration as it is to the steps that make it as wished. Pure.</summary>
internal static class NodePlanner
{
    private const string HostsPath = "/etc/hosts";

    /// <summary>Refuses all of it when one part cannot be done: no half-configured nodes.</summary>
    public static NodePlan Plan(NodeState current, NodeSpec desired)
    {
        try
        {
            ImmutableArray<string>.Builder warnings = ImmutableArray.CreateBuilder<string>();
            NodeStep[] steps = [.. PlanHostName(current, desired), .. PlanAddress(current, desired, warnings), .. PlanDocker(current, desired)];
            Throw(desired.IsForced ? null : steps.OfType<ChangeAddress>().Select(change => RefuseManager(current, change.Wish)).FirstOrDefault());
            return steps.Length > 0 && current.RootIsVolatile
                ? NodePlan.Refuse(new Refusal(RefusalCodes.ReadOnlyRoot, "/", "the root file system is read-only, or an overlay in memory that forgets every change at the next boot; make it writable (raspi-config, Overlay File System) and try again"))
                : new NodePlan(null, [.. steps], warnings.ToImmutable());
        }
        catch (RefusalException e)
        {
            return NodePlan.Refuse(e.Refusal);
        }
    }

    private static IEnumerable<NodeStep> PlanHostName(NodeState current, NodeSpec desired)
    {
        if (desired.HostName.Length == 0)
        {
            yield break;
        }

        Throw(HostNameRules.Refuse(desired.HostName));

        // The hosts file first: at no moment the own name is unknown.
        byte[] hosts = HostsFile.WithHostName(current.Hosts, current.HostName, desired.HostName);
        if (!hosts.AsSpan().SequenceEqual(current.Hosts))
        {
            yield return new WriteFile(HostsPath, hosts);
        }

        if (current.HostName != desired.HostName)
        {
            yield return new SetHostName(desired.HostName);
        }
    }

    private static IEnumerable<NodeStep> PlanAddress(NodeState current, NodeSpec desired, ImmutableArray<string>.Builder warnings)
    {
        if (desired.Address is not { } wish)
        {
            yield break;
        }

        Throw(current.Management?.Refuse(wish));
        foreach (NodeStep step in current.Management?.Backend == NetworkBackend.NetworkManager ? PlanProfile(current, wish, warnings) : PlanInterfaces(current, wish, warnings))
        {
            yield return step is ChangeAddress change ? change with { OrderedBy = desired.OrderedBy } : step;
        }
    }

    private static IEnumerable<NodeStep> PlanInterfaces(NodeState current, AddressWish wish, ImmutableArray<string>.Builder warnings)
    {
        if (wish.Wifi is not null && !current.Facts.HasWpaHook)
        {
            throw new RefusalException(new Refusal(RefusalCodes.BadWifi, wish.Interface, "ifup cannot join a radio network here: the package wpasupplicant is not installed; install it and try again"));
        }

        InterfacesChange change = InterfacesPlanner.Plan(current.Interfaces, wish, current.Facts.MacAddress, current.Facts.HasDnsHook);
        Throw(change.Refusal);
        ImmutableSortedDictionary<string, byte[]> files = change.Files;
        if (wish.Wifi is { } network && WpaConfiguration.Render(network) is var radio && !radio.AsSpan().SequenceEqual(current.WpaConfiguration))
        {
            files = files.Add(WpaConfiguration.PathOf(wish.Interface), radio);
        }

        files = current.CloudInit.With(files);
        warnings.AddRange(current.CloudInit.Warnings(files));
        bool changesLink = !files.IsEmpty;
        bool writesResolver = wish.Method == AddressMethod.Static && !wish.Dns.IsEmpty && !current.Facts.HasDnsHook && current.Resolv.IsKnown;
        if (writesResolver)
        {
            byte[] resolver = ResolvConf.WithNameServers(current.Resolv.Content ?? [], wish.Dns);
            if (!resolver.AsSpan().SequenceEqual(current.Resolv.Content))
            {
                Throw(current.Resolv.RefuseWrite());
                files = files.Add(ResolvState.FilePath, resolver);
            }
        }

        if (wish.Method == AddressMethod.Dhcp && changesLink && current.Resolv is { Content: { } present, LinkTarget: null, IsImmutable: false })
        {
            // The DHCP client will write it: a way back must know what it was.
            files = files.Add(ResolvState.FilePath, present);
        }

        // The hook's absence needs no warning: resolv.conf is written here.
        warnings.AddRange(change.Warnings.Where(warning => !writesResolver || warning != InterfacesWarnings.NoDnsHook));
        warnings.AddRange(writesResolver && !files.IsEmpty ? InterfacesWarnings.OtherDhcp(current.Interfaces, wish) : []);
        if (changesLink)
        {
            yield return new ChangeAddress(wish, NetworkBackend.Ifupdown, files);
        }
        else if (files.TryGetValue(ResolvState.FilePath, out byte[]? resolver))
        {
            yield return new WriteFile(ResolvState.FilePath, resolver);
        }
    }

    /// <summary>The others of a swarm know its managers by their addresses (SwarmKit: a manager's advertised address is fixed); a worker joins again.</summary>
    private static Refusal? RefuseManager(NodeState current, AddressWish wish) =>
        current.ManagedSwarmAddress is { Length: > 0 } managed && (wish.Method == AddressMethod.Dhcp || wish.Address.ToString() != managed)
            ? new Refusal(RefusalCodes.SwarmManager, wish.Interface, $"this node manages a swarm, which knows it as {managed}; demote it first ('docker node demote', or let the coordinator change the address), or force it")
            : null;

    /// <summary>NetworkManager gets the name servers with its profile; interfaces(5) and resolv.conf(5) are never written.</summary>
    private static IEnumerable<NodeStep> PlanProfile(NodeState current, AddressWish wish, ImmutableArray<string>.Builder warnings)
    {
        ProfileChange change = ProfilePlanner.Plan(current.Profile, wish);
        Throw(change.Refusal);
        if (change.Files.IsEmpty)
        {
            yield break;
        }

        if (!wish.Dns.IsEmpty && current.Resolv.IsImmutable)
        {
            Throw(current.Resolv.RefuseWrite());
        }

        warnings.AddRange(change.Warnings);
        warnings.AddRange(current.CloudInit.Warnings(change.Files));
        if (change.Files.ContainsKey(OwnProfile.PathOf(wish.Interface)))
        {
            yield return new ChangeAddress(wish, NetworkBackend.NetworkManager, change.Files);
            yield break;
        }

        foreach ((string path, byte[] content) in change.Files)
        {
            yield return new WriteFile(path, content);
        }
    }

    private static IEnumerable<NodeStep> PlanDocker(NodeState current, NodeSpec desired)
    {
        // The address is changed first, and the engine's pools must leave it alone then.
        EngineSetup engine = desired.Address is { Method: AddressMethod.Static } wish
            ? current.Engine with { Networks = current.Engine.Networks.Add(new Ipv4Range(wish.Address, wish.PrefixLength)) }
            : current.Engine;
        ImmutableSortedDictionary<string, byte[]> files = DockerOptionsPlanner.Plan(engine, desired.DockerOptions, desired.DockerClients, desired.EngineCertificate, desired.WithdrawsDockerOptions);
        if (!files.IsEmpty)
        {
            yield return new ChangeDockerOptions(files);
        }

        // Once the engine runs without them.
        if (desired.DockerClients is "" && !current.Engine.TlsFiles.IsEmpty)
        {
            yield return new RemoveFiles([.. current.Engine.TlsFiles.Keys]);
        }
    }

    private static void Throw(Refusal? refusal)
    {
        if (refusal is not null)
        {
            throw new RefusalException(refusal);
        }
    }
}
