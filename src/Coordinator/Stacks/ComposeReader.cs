using System.Collections.Immutable;
using System.Text.RegularExpressions;
using RpiAgent.Coordinator.Model;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>
/// Turns a Compose file (version 1, 2, 3 and the current specification) into a <see cref="StackSpec"/>. Pure: what lies
/// beside the file is asked for. What cannot be honoured is refused by place and name, all of it at once.
/// </summary>
internal static partial class ComposeReader
{
    private const int MostServices = 500;

    public static ComposeReading Read(DeployBundle bundle)
    {
        ComposeReport report = new(bundle.Path.Length == 0 ? "compose.yaml" : bundle.Path);
        YamlItem? root = YamlTree.Load(bundle.Compose, report);
        if (root is not (null or YamlMap))
        {
            report.Problem(root.At, "", $"{root.Kind}, where a Compose file with `services:` is wanted");
        }

        if (!report.Clean || root is not YamlMap written)
        {
            return report.Refused();
        }

        DeployBundle known = bundle with { Variables = bundle.Variables.SetItem("COMPOSE_PROJECT_NAME", bundle.Name) };
        Interpolation variables = new(known, report);
        StackSpec? stack = variables.Apply(written) is { } map ? Stack(map, new StackScope(bundle.Name, bundle, report, variables)) : null;

        // What is wrong whatever the variables are is said now; a value that waits for a variable cannot be judged yet.
        return report.NeedsMore ? report.Needs()
            : !report.Clean || stack is null ? report.Refused()
            : new ComposeRead(stack, report.Warnings);
    }

    private static StackSpec? Stack(YamlMap root, StackScope scope)
    {
        bool first = IsFirstVersion(root);
        ComposeReport report = scope.Report;
        Section top = first ? new Section(new YamlMap(root.At, []), "", report, ComposeKeys.Top) : new Section(root, "", report, ComposeKeys.Top);
        scope = scope with { Stack = Name(top, scope), FirstVersion = first };
        if (top.Text("version") is { } version && !Version().IsMatch(version))
        {
            top.Problem("version", $"'{version}' is not known; write 2, 3 or leave it out");
        }

        YamlMap? services = first ? root : top.Map("services");
        if (services is null || services.Entries.IsEmpty)
        {
            report.Problem(root.At, "", "no services: a Compose file has a `services:` section with at least one");
            return null;
        }

        ImmutableArray<(string Name, YamlMap Map)> active = Active(services, scope);
        if (active.IsEmpty || active.Length > MostServices)
        {
            report.Problem(services.At, "services", active.IsEmpty ? "none is left to deploy" : $"more than {MostServices} services");
            return null;
        }

        scope = scope with
        {
            Services = [.. active.Select(one => one.Name)],
            Networks = TopLevelReader.Networks(top, scope),
            Volumes = TopLevelReader.Volumes(top, scope),
        };
        HashSet<string> awaited = [.. active.SelectMany(one => DependencyReader.AwaitedEnds(one.Map))];
        PlacementRules policy = PolicyReader.Read(top);
        List<WorkloadSpec> workloads = [];
        List<(string Service, string Alias, Place At, string Where)> aliases = [];
        foreach ((string name, YamlMap map) in active)
        {
            Section service = new(map, first ? name : $"services.{name}", report, ComposeKeys.Service);
            WorkloadSpec workload = ServiceReader.Read(name, service, awaited.Contains(name), scope);
            workloads.Add(PolicyReader.Apply(workload, policy, service));
            aliases.AddRange(DependencyReader.Links(service).Where(link => link.Alias is not null).Select(link => (link.Service, link.Alias!, link.At, service.Path("links"))));
        }

        DependencyCycles.Check(workloads, services.At, report);
        ImmutableArray<WorkloadSpec> linked = LinkAliases.Apply([.. workloads], aliases, report);
        return Finish(linked, scope);
    }

    /// <summary>Networks and volumes that are used; what is declared and unused is said and left out.</summary>
    private static StackSpec Finish(ImmutableArray<WorkloadSpec> workloads, StackScope scope)
    {
        HashSet<string> networks = [.. workloads.SelectMany(workload => workload.Container.Networks).Select(use => use.Name)];
        HashSet<string> volumes = [.. workloads.SelectMany(workload => workload.Container.Mounts).Where(mount => mount is { Type: "volume", Source.Length: > 0 }).Select(mount => mount.Source)];
        foreach ((string key, DeclaredNetwork network) in scope.Networks.Where(one => one.Key != "default" && !networks.Contains(one.Value.Name)))
        {
            scope.Report.Warn(network.At, $"networks.{key}", "no service uses it: it is not made");
        }

        foreach ((string key, DeclaredVolume volume) in scope.Volumes.Where(one => !volumes.Contains(one.Value.Name)))
        {
            scope.Report.Warn(volume.At, $"volumes.{key}", "no service uses it: it is not made");
        }

        ImmutableHashSet<string> external = [.. scope.Volumes.Values.Where(volume => volume.External).Select(volume => volume.Name)];
        return new StackSpec
        {
            Name = scope.Stack,
            Workloads = [.. workloads.OrderBy(workload => workload.Service, StringComparer.Ordinal)],
            Networks = [.. scope.Networks.Values.Where(network => networks.Contains(network.Name)).DistinctBy(network => network.Name)
                .OrderBy(network => network.Name, StringComparer.Ordinal)
                .Select(network => new StackNetwork(network.Name, network.External, network.Internal, network.Encrypted))],
            Volumes = [.. volumes.Order(StringComparer.Ordinal).Select(volume => new StackVolume(volume, external.Contains(volume)))],
        };
    }

    private static ImmutableArray<(string Name, YamlMap Map)> Active(YamlMap services, StackScope scope)
    {
        ImmutableArray<(string, YamlMap)>.Builder active = ImmutableArray.CreateBuilder<(string, YamlMap)>();
        foreach (YamlEntry entry in services.Entries.Where(entry => !entry.Name.StartsWith("x-", StringComparison.Ordinal)))
        {
            string where = scope.FirstVersion ? entry.Name : $"services.{entry.Name}";
            if (entry.Name.Length > 63 || !ComposeValues.IsName(entry.Name))
            {
                scope.Report.Problem(entry.Key.At, where, "a service's name has up to 63 letters, digits, '_', '-' and '.', beginning with a letter or digit");
            }
            else if (entry.Value is not YamlMap map)
            {
                scope.Report.Problem(entry.Value.At, where, $"{entry.Value.Kind}, where a service is wanted");
            }
            else if (map.Find("profiles") is { Value: YamlList { Items.IsEmpty: false } } profiles)
            {
                scope.Report.Warn(profiles.Key.At, $"{where}.profiles", "left out: profiles are for tools started by hand; remove the key to deploy it");
            }
            else
            {
                active.Add((entry.Name, map));
            }
        }

        return active.ToImmutable();
    }

    private static string Name(Section top, StackScope scope)
    {
        string? own = top.Text("name");
        string name = scope.Bundle.Name.Length > 0 ? scope.Bundle.Name : own ?? "";
        if (!StackName().IsMatch(name))
        {
            scope.Report.Problem(top.PlaceOf("name"), "", name.Length == 0
                ? "the stack has no name: give one, or write `name:` into the file"
                : $"'{name}' is not a stack's name: up to 40 lower case letters, digits, '-' and '_', beginning with a letter or digit");
        }
        else if (own is not null && own != name)
        {
            top.Warn("name", $"deployed as '{name}', not '{own}'");
        }

        return name;
    }

    /// <summary>A version 1 file has its services at the top: no <c>services:</c>, no <c>version:</c>, and something that names an image.</summary>
    private static bool IsFirstVersion(YamlMap root) =>
        root.Find("services") is null && root.Find("version") is null
        && root.Entries.Any(entry => entry.Value is YamlMap map && (map.Find("image") ?? map.Find("build")) is not null);

    [GeneratedRegex(@"^[123](?:\.[0-9]{1,2})?\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Version();

    [GeneratedRegex(@"^[a-z0-9][a-z0-9_-]{0,39}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex StackName();
}
