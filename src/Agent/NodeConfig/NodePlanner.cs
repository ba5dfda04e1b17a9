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

    /// <summary>What is written for an interface of ifupdown, beside resolv.conf; <c>network plan</c> shows the same.</summary>
    /// <param name="wpaConfiguration">What the agent wrote for wpa_supplicant of that interface; null for nothing.</param>
    public static InterfacesChange PlanInterfaces(InterfacesModel interfaces, InterfaceFacts facts, byte[]? wpaConfiguration, CloudInit cloudInit, AddressWish wish)
    {
        InterfacesChange change = InterfacesPlanner.Plan(interfaces, wish, facts.MacAddress, facts.HasDnsHook);
        if (change.Refusal is not null)
        {
            return change;
        }

        ImmutableSortedDictionary<string, byte[]> files = change.Files;
        if (wish.Wifi is { } network && WpaConfiguration.Render(network) is var radio && !radio.AsSpan().SequenceEqual(wpaConfiguration))
        {
            files = files.Add(WpaConfiguration.PathOf(wish.Interface), radio);
        }

        files = cloudInit.With(files);
        return change with { Files = files, Warnings = [.. change.Warnings, .. cloudInit.Warnings(files)] };
    }

    private static IEnumerable<NodeStep> PlanAddress(NodeState current, NodeSpec desired, ImmutableArray<string>.Builder warnings)
    {
        if (desired.Address is not { } wish)
        {
            yield break;
        }

        Throw(current.Management?.Refuse());
        if (current.Management?.Backend == NetworkBackend.NetworkManager)
        {
            foreach (NodeStep step in PlanProfile(current, desired, wish, warnings))
            {
                yield return step;
            }

            yield break;
        }

        if (wish.Wifi is not null && !current.Facts.HasWpaHook)
        {
            throw new RefusalException(new Refusal(RefusalCodes.BadWifi, wish.Interface, "ifup cannot join a radio network here: the package wpasupplicant is not installed; install it and try again"));
        }

        InterfacesChange change = PlanInterfaces(current.Interfaces, current.Facts, current.WpaConfiguration, current.CloudInit, wish);
        Throw(change.Refusal);
        ImmutableSortedDictionary<string, byte[]> files = change.Files;
        bool changesLink = !files.IsEmpty;
        bool writesResolver = wish.Method == AddressMethod.Static && !wish.Dns.IsEmpty && !current.Facts.HasDnsHook;
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
        if (changesLink)
        {
            yield return new ChangeAddress(wish, NetworkBackend.Ifupdown, files) { OrderedBy = desired.OrderedBy };
        }
        else if (files.TryGetValue(ResolvState.FilePath, out byte[]? resolver))
        {
            yield return new WriteFile(ResolvState.FilePath, resolver);
        }
    }

    /// <summary>NetworkManager gets the name servers with its profile; interfaces(5) and resolv.conf(5) are never written.</summary>
    private static IEnumerable<NodeStep> PlanProfile(NodeState current, NodeSpec desired, AddressWish wish, ImmutableArray<string>.Builder warnings)
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
            yield return new ChangeAddress(wish, NetworkBackend.NetworkManager, change.Files) { OrderedBy = desired.OrderedBy };
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
        if (desired.DockerClients.Length == 0 && !current.Engine.TlsFiles.IsEmpty)
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
