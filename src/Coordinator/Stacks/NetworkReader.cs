using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>Reads which networks a service joins, and under which names it is found there (always its own).</summary>
internal static class NetworkReader
{
    /// <returns>host or none, or null for networks.</returns>
    public static string? Mode(Section service)
    {
        string key = service.Has("net") ? "net" : "network_mode";
        switch (service.Text(key))
        {
            case null or "default":
                return null;
            case ("host" or "none") and { } mode:
                if (service.Has("networks"))
                {
                    service.Problem(key, $"'{mode}' and networks exclude each other");
                }

                return mode;
            case "bridge":
                // The only network a version 1 file could have: its containers met there.
                return key == "net" ? null : Refuse("'bridge' is not supported: leave it out, services meet on the stack's overlay network");
            case var other:
                return Refuse($"'{other}' is not supported: containers may run on different nodes; use host, none or networks");
        }

        string? Refuse(string what)
        {
            service.Problem(key, what);
            return null;
        }
    }

    public static ImmutableArray<NetworkUse> Networks(Section service, string name, StackScope scope)
    {
        ImmutableArray<string> names = [name, .. ContainerName(service) is { } known && known != name ? [known] : Array.Empty<string>()];
        List<NetworkUse> uses = [];
        switch (service.Item("networks"))
        {
            case null:
                Join("default", [], service.At);
                break;
            case YamlList list:
                foreach (YamlText text in service.Texts("networks"))
                {
                    Join(text.Value, [], text.At);
                }

                break;
            case YamlMap map:
                foreach (YamlEntry entry in map.Entries)
                {
                    ImmutableArray<string> aliases = [];
                    if (entry.Value is YamlMap options)
                    {
                        Section use = new(options, $"{service.Path("networks")}.{entry.Name}", service.Report, ComposeKeys.NetworkUse);
                        aliases = [.. use.Texts("aliases").Where(alias => IsAlias(alias, use)).Select(alias => alias.Value)];
                    }
                    else if (entry.Value is not YamlText { IsNull: true })
                    {
                        service.Report.Problem(entry.Value.At, service.Path("networks"), $"{entry.Value.Kind}, where a mapping or nothing is wanted");
                    }

                    Join(entry.Name, aliases, entry.Key.At);
                }

                break;
            default:
                service.Problem("networks", "a value, where a list or a mapping is wanted");
                break;
        }

        return [.. uses];

        void Join(string network, ImmutableArray<string> aliases, Place at)
        {
            if (!scope.Networks.TryGetValue(network, out DeclaredNetwork? declared))
            {
                service.Report.Problem(at, service.Path("networks"), $"the network '{network}' is not in the top-level networks{StackScope.Suggest(network, scope.Networks.Keys)}");
            }
            else if (uses.All(use => use.Name != declared.Name))
            {
                uses.Add(new NetworkUse(declared.Name, [.. names.Concat(aliases).Distinct(StringComparer.Ordinal)]));
            }
        }
    }

    /// <summary>A fixed container name cannot be given in a cluster; other services may look for it, so it becomes an alias.</summary>
    private static string? ContainerName(Section service)
    {
        if (service.Scalar("container_name") is not { } name)
        {
            return null;
        }

        if (!ComposeValues.IsName(name.Value))
        {
            service.Problem("container_name", $"'{name.Value}' is not a name");
            return null;
        }

        service.Warn("container_name", $"'{name.Value}' is a name on the service's networks; containers are named by the cluster");
        return name.Value;
    }

    private static bool IsAlias(YamlText alias, Section use)
    {
        bool fits = alias.Value.Length <= 253 && ComposeValues.IsName(alias.Value);
        if (!fits)
        {
            use.Report.Problem(alias.At, use.Path("aliases"), $"'{alias.Value}' is not a host name");
        }

        return fits;
    }
}
