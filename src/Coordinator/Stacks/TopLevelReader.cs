using System.Collections.Immutable;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>Reads the top-level <c>networks:</c> and <c>volumes:</c>.</summary>
internal static class TopLevelReader
{
    public static ImmutableSortedDictionary<string, DeclaredNetwork> Networks(Section top, StackScope scope)
    {
        ImmutableSortedDictionary<string, DeclaredNetwork>.Builder networks = ImmutableSortedDictionary.CreateBuilder<string, DeclaredNetwork>(StringComparer.Ordinal);
        networks["default"] = new DeclaredNetwork(scope.Own("default"), false, false, false, top.At);
        foreach ((YamlEntry entry, Section? section) in Declarations(top, "networks", ComposeKeys.Network))
        {
            (string name, bool external) = Named(entry, section, scope);
            if (section?.Text("driver") is { } driver and not ("overlay" or "bridge" or "default"))
            {
                section.Problem("driver", driver is "host" or "none"
                    ? $"write `network_mode: {driver}` at the service instead"
                    : $"'{driver}' is not supported: networks are overlays over all nodes; leave it out");
            }

            if (section?.Flag("attachable") == false)
            {
                section.Warn("attachable", "taken no notice of: every network here is attachable");
            }

            networks[entry.Name] = new DeclaredNetwork(name, external, section?.Flag("internal") == true, section is not null && Encrypted(section), entry.Key.At);
        }

        return networks.ToImmutable();
    }

    public static ImmutableSortedDictionary<string, DeclaredVolume> Volumes(Section top, StackScope scope)
    {
        ImmutableSortedDictionary<string, DeclaredVolume>.Builder volumes = ImmutableSortedDictionary.CreateBuilder<string, DeclaredVolume>(StringComparer.Ordinal);
        foreach ((YamlEntry entry, Section? section) in Declarations(top, "volumes", ComposeKeys.Volume))
        {
            (string name, bool external) = Named(entry, section, scope);
            if (section?.Text("driver") is { } driver and not ("local" or "default"))
            {
                section.Problem("driver", $"'{driver}' is not supported: a volume is a directory of one node, and its services go there; leave it out");
            }

            volumes[entry.Name] = new DeclaredVolume(name, external, entry.Key.At);
        }

        return volumes.ToImmutable();
    }

    private static IEnumerable<(YamlEntry Entry, Section? Section)> Declarations(Section top, string key, KeySet keys)
    {
        foreach (YamlEntry entry in top.Map(key)?.Entries ?? [])
        {
            if (entry.Name.StartsWith("x-", StringComparison.Ordinal))
            {
                continue;
            }

            if (!ComposeValues.IsName(entry.Name))
            {
                top.Report.Problem(entry.Key.At, key, $"'{entry.Name}' is not a name: letters, digits, '_', '-' and '.', beginning with a letter or digit");
            }
            else if (entry.Value is YamlMap map)
            {
                yield return (entry, new Section(map, $"{key}.{entry.Name}", top.Report, keys));
            }
            else if (entry.Value is YamlText { IsNull: true })
            {
                yield return (entry, null);
            }
            else
            {
                top.Report.Problem(entry.Value.At, $"{key}.{entry.Name}", $"{entry.Value.Kind}, where a mapping or nothing is wanted");
            }
        }
    }

    /// <summary><c>external: true</c>, the older <c>external: {name: x}</c>, and <c>name:</c>.</summary>
    private static (string Name, bool External) Named(YamlEntry entry, Section? section, StackScope scope)
    {
        if (section is null)
        {
            return (scope.Own(entry.Name), false);
        }

        bool external = section.Item("external") is YamlMap || section.Flag("external") == true;
        string? older = section.Item("external") is YamlMap ? section.Open("external", ComposeKeys.External)?.Text("name") : null;
        string name = section.Text("name") ?? older ?? (external ? entry.Name : scope.Own(entry.Name));
        if (!ComposeValues.IsName(name))
        {
            section.Problem("name", $"'{name}' is not a name: letters, digits, '_', '-' and '.', beginning with a letter or digit");
        }

        return (name, external);
    }

    /// <summary><c>encrypted:</c> and <c>encrypted: ""</c> both ask for it, as with <c>docker network create -o encrypted</c>.</summary>
    private static bool Encrypted(Section network) =>
        network.Open("driver_opts", ComposeKeys.NetworkOptions) is not null
        && network.Map("driver_opts")?.Find("encrypted")?.Value is YamlText { Value: not ("false" or "0") };
}
