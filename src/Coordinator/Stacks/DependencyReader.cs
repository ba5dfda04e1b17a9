using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>Reads <c>depends_on:</c> and <c>links:</c>.</summary>
internal static class DependencyReader
{
    private const string Started = "service_started";
    public const string Completed = "service_completed_successfully";

    public static ImmutableArray<WorkloadDependency> DependsOn(Section service, string name, StackScope scope)
    {
        SortedDictionary<string, string> conditions = new(StringComparer.Ordinal);
        foreach ((string target, _, Place at) in Links(service))
        {
            Add(target, Started, at, "links", required: true);
        }

        foreach ((string target, string condition, bool required, Place at) in Written(service))
        {
            Add(target, condition, at, "depends_on", required);
        }

        return [.. conditions.Select(one => new WorkloadDependency(WorkloadId.Of(scope.Stack, one.Key), one.Value))];

        void Add(string target, string condition, Place at, string key, bool required)
        {
            if (target == name)
            {
                service.Report.Problem(at, service.Path(key), "a service cannot wait for itself");
            }
            else if (scope.Services.Contains(target))
            {
                conditions[target] = condition;
            }
            else if (required)
            {
                service.Report.Problem(at, service.Path(key), $"no service '{target}' is deployed{StackScope.Suggest(target, scope.Services)}");
            }
        }
    }

    /// <summary>Names of services that somebody waits for to end, read before the services themselves.</summary>
    public static IEnumerable<string> AwaitedEnds(YamlMap service) =>
        service.Find("depends_on")?.Value is YamlMap map
            ? map.Entries.Where(entry => entry.Value is YamlMap one && one.Find("condition")?.Value is YamlText { Value: Completed }).Select(entry => entry.Name)
            : [];

    /// <summary><c>service</c> or <c>service:alias</c>.</summary>
    public static IEnumerable<(string Service, string? Alias, Place At)> Links(Section service) => service.Texts("links").Select(text =>
    {
        string[] parts = text.Value.Split(':', 2);
        return (parts[0], parts.Length == 2 && parts[1] != parts[0] ? parts[1] : null, text.At);
    });

    private static IEnumerable<(string Target, string Condition, bool Required, Place At)> Written(Section service)
    {
        switch (service.Item("depends_on"))
        {
            case null:
                break;
            case YamlList:
                foreach (YamlText text in service.Texts("depends_on"))
                {
                    yield return (text.Value, Started, true, text.At);
                }

                break;
            case YamlMap map:
                foreach (YamlEntry entry in map.Entries)
                {
                    string condition = Started;
                    bool required = true;
                    if (entry.Value is YamlMap options)
                    {
                        Section one = new(options, $"{service.Path("depends_on")}.{entry.Name}", service.Report, ComposeKeys.Dependency);
                        condition = one.Text("condition") ?? Started;
                        required = one.Flag("required") ?? true;
                        if (condition is not (Started or "service_healthy" or Completed))
                        {
                            one.Problem("condition", $"'{condition}' is not {Started}, service_healthy or {Completed}");
                        }

                        if (one.Flag("restart") == true)
                        {
                            one.Warn("restart", "taken no notice of: a service is not restarted with the one it waits for");
                        }
                    }

                    yield return (entry.Name, condition, required, entry.Key.At);
                }

                break;
            default:
                service.Problem("depends_on", "a value, where a list or a mapping is wanted");
                break;
        }
    }
}
