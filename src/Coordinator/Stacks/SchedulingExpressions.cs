using System.Collections.Immutable;
using System.Text.Json;
using System.Text.RegularExpressions;
using RpiAgent.Coordinator.Model;
using RpiAgent.Coordinator.Scheduling;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>
/// Finds where a service may run: Compose's <c>deploy.placement</c>, and classic Swarm's labels and environment
/// (<c>com.docker.swarm.constraints</c>, <c>constraint:zone==a</c>); all become classic expressions.
/// </summary>
internal static partial class SchedulingExpressions
{
    private const string LabelPrefix = "com.docker.swarm.";
    private static readonly ImmutableArray<string> Kinds = ["constraint", "affinity", "whitelist", "reschedule"];
    private static readonly ImmutableArray<string> LabelNames = ["constraints", "affinities", "whitelists", "reschedule-policies"];

    /// <summary>Whether an environment entry is a classic expression: cut at its first colon, it begins with a known word.</summary>
    public static bool IsOne(string entry) => entry.IndexOf(':', StringComparison.Ordinal) is > 0 and int cut && Kinds.Contains(entry[..cut]);

    /// <summary>Adds what one environment entry says (<see cref="IsOne"/> holds for it).</summary>
    public static PlacementRules FromEnvironment(PlacementRules rules, string entry, Place at, Section service)
    {
        int cut = entry.IndexOf(':', StringComparison.Ordinal);
        return Add(rules, entry[..cut], entry[(cut + 1)..], at, service, "environment");
    }

    /// <summary>Adds what a label says, when it is one of the four: a JSON array of expressions.</summary>
    public static PlacementRules FromLabel(PlacementRules rules, string label, string value, Place at, Section service)
    {
        if (!label.StartsWith(LabelPrefix, StringComparison.Ordinal) || LabelNames.IndexOf(label[LabelPrefix.Length..]) is not (>= 0 and int kind))
        {
            return rules;
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(value);
            foreach (JsonElement one in document.RootElement.EnumerateArray())
            {
                rules = Add(rules, Kinds[kind], one.GetString() ?? "", at, service, $"labels.{label}");
            }
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            service.Report.Problem(at, service.Path($"labels.{label}"), $"not a JSON array of texts, like [\"zone==a\"]: {value}");
        }

        return rules;
    }

    /// <summary>Adds one of Compose's <c>deploy.placement.constraints</c>, translated.</summary>
    public static PlacementRules FromCompose(PlacementRules rules, YamlText written, Section placement)
    {
        Match match = ComposeConstraint().Match(written.Value);
        if (!match.Success)
        {
            // Classic expressions are taken here too.
            return ClassicExpression().IsMatch(written.Value)
                ? rules with { Constraints = rules.Constraints.Add(Checked(written.Value, written.At, placement, "constraints")) }
                : Refuse($"'{written.Value}' is not a constraint like node.labels.zone == a");
        }

        string key = match.Groups["key"].Value;
        string value = match.Groups["value"].Value;
        string? translated = key switch
        {
            "node.id" or "node.hostname" => "node",
            "node.role" => "role",
            "node.platform.os" => "ostype",
            "node.platform.arch" => "architecture",
            _ when key.StartsWith("node.labels.", StringComparison.Ordinal) => key["node.labels.".Length..],
            _ when key.StartsWith("engine.labels.", StringComparison.Ordinal) => key["engine.labels.".Length..],
            _ => null,
        };
        if (translated is null)
        {
            return Refuse($"'{key}' is not known; use node.id, node.hostname, node.role, node.platform.os, node.platform.arch, node.labels.NAME or engine.labels.NAME");
        }

        string wanted = translated == "architecture" ? Architectures.EngineName(value) : value;
        string expression = Checked($"{translated}{match.Groups["op"].Value}{wanted}", written.At, placement, "constraints");
        return rules with { Constraints = rules.Constraints.Add(expression) };

        PlacementRules Refuse(string what)
        {
            placement.Report.Problem(written.At, placement.Path("constraints"), what);
            return rules;
        }
    }

    private static PlacementRules Add(PlacementRules rules, string kind, string expression, Place at, Section service, string key)
    {
        switch (kind)
        {
            case "constraint":
                return rules with { Constraints = rules.Constraints.Add(Checked(expression, at, service, key)) };
            case "affinity":
                return rules with { Affinities = rules.Affinities.Add(Checked(expression, at, service, key)) };
            case "whitelist":
                return rules with { Constraints = rules.Constraints.Add(Whitelist(expression, at, service, key)) };
            default:
                if (expression == "on-node-failure")
                {
                    service.Report.Warn(at, service.Path(key), "reschedule:on-node-failure is always so here");
                }
                else
                {
                    service.Report.Problem(at, service.Path(key), $"not supported: a replica is moved when its node is lost ('{expression}'); pin it by a constraint node==NAME");
                }

                return rules;
        }
    }

    /// <summary>A bad expression is told where it is written, not when the scheduler meets it.</summary>
    private static string Checked(string expression, Place at, Section section, string key)
    {
        _ = Expression.Parse(expression, out ExpressionError? error);
        if (error is not null)
        {
            section.Report.Problem(at, section.Path(key), error.ToString());
        }

        return expression;
    }

    /// <summary>Classic's whitelist: names split by '|', whatever key and operator say. Written as a constraint here.</summary>
    private static string Whitelist(string expression, Place at, Section service, string key)
    {
        Match match = WhitelistSyntax().Match(expression);
        if (!match.Success)
        {
            service.Report.Problem(at, service.Path(key), $"'{expression}' is not a whitelist like node==pi1|pi2");
            return "";
        }

        string names = string.Join('|', match.Groups["names"].Value.Split('|').Select(name => name.Replace(".", "\\.", StringComparison.Ordinal)));
        return $"node=={match.Groups["soft"].Value}/^({names})$/";
    }

    [GeneratedRegex(@"^\s*(?<key>(?:node|engine)\.[A-Za-z0-9_.-]+)\s*(?<op>==|!=)\s*(?<value>\S(?:.*\S)?)\s*\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ComposeConstraint();

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_.-]+(?:==|!=).+\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ClassicExpression();

    [GeneratedRegex(@"^[^=!]+(?:==|!=)(?<soft>~?)(?<names>[A-Za-z0-9_.-]+(?:\|[A-Za-z0-9_.-]+)*)\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex WhitelistSyntax();
}

/// <summary>Go's and the kernel's names of one architecture.</summary>
internal static class Architectures
{
    /// <summary>What an engine calls it (<c>uname -m</c>): arm64 → aarch64, amd64 → x86_64, arm → armv7l.</summary>
    public static string EngineName(string name) => name switch
    {
        "amd64" or "x86-64" => "x86_64",
        "arm64" or "arm64/v8" => "aarch64",
        "arm/v7" or "armhf" => "armv7l",
        "arm" => "armv*",
        "arm/v6" => "armv6l",
        "386" => "i*86",
        _ => name,
    };
}
