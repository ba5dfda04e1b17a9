using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>How many copies, where, and with how much of a node: <c>deploy:</c> and the older keys beside it.</summary>
internal static class DeployReader
{
    public static (int Replicas, bool Global) Copies(Section service, Section? deploy)
    {
        string mode = deploy?.Text("mode") ?? "replicated";
        if (mode is not ("replicated" or "global"))
        {
            deploy!.Problem("mode", $"'{mode}' is not supported; use replicated or global");
        }

        if (deploy?.Text("endpoint_mode") is { } endpoint && endpoint != "dnsrr")
        {
            deploy.Warn("endpoint_mode", "taken as dnsrr: the service's name gives the addresses of its containers");
        }

        int? replicas = deploy?.Whole("replicas");
        int? scale = service.Whole("scale");
        if (replicas is not null && scale is not null && replicas != scale)
        {
            service.Problem("scale", $"deploy.replicas says {replicas}");
        }

        if (mode == "global" && (replicas ?? scale) is not null)
        {
            service.Problem(scale is null ? "deploy" : "scale", "a global service runs once on every node: leave the number out");
        }

        if ((replicas ?? scale) is > 10_000)
        {
            service.Problem(scale is null ? "deploy" : "scale", "more than 10000 replicas");
        }

        return (replicas ?? scale ?? 1, mode == "global");
    }

    /// <summary>
    /// mem_limit and cpus are limit and reservation in one, as with classic Swarm; under <c>deploy.resources</c> each says what it says.
    /// </summary>
    public static Resources Resources(Section service, Section? deploy)
    {
        Section? resources = deploy?.Open("resources", ComposeKeys.Resources);
        Section? limits = resources?.Open("limits", ComposeKeys.Limits);
        Section? reservations = resources?.Open("reservations", ComposeKeys.Reservations);
        long? memory = service.Bytes("mem_limit");
        long? cpus = service.MilliCpus("cpus");
        Resources all = new(
            limits?.Bytes("memory") ?? memory ?? 0,
            limits?.MilliCpus("cpus") ?? cpus ?? 0,
            reservations?.Bytes("memory") ?? service.Bytes("mem_reservation") ?? memory ?? 0,
            reservations?.MilliCpus("cpus") ?? cpus ?? 0);
        if (all.MemoryLimit is > 0 and < 6 * 1024 * 1024)
        {
            service.Problem(memory is null ? "deploy" : "mem_limit", "the engine takes no memory limit under 6m");
        }

        if (all.MemoryLimit > 0 && all.ReservedMemory > all.MemoryLimit)
        {
            service.Problem(service.Has("mem_reservation") ? "mem_reservation" : "deploy", $"reserves {all.ReservedMemory} bytes of memory, more than its limit of {all.MemoryLimit}");
        }

        if (all.CpuLimit > 0 && all.ReservedCpus > all.CpuLimit)
        {
            service.Problem("deploy", "reserves more CPUs than its limit");
        }

        return all;
    }

    /// <param name="once">Another service waits for this one to finish.</param>
    public static (string Condition, int MaxAttempts) Restart(Section service, Section? deploy, bool once)
    {
        if (deploy?.Open("restart_policy", ComposeKeys.RestartPolicy) is { } policy)
        {
            int attempts = policy.Whole("max_attempts") ?? 0;
            switch (policy.Text("condition") ?? "any")
            {
                case "none":
                    return ("no", 0);
                case "on-failure":
                    return ("on-failure", attempts);
                case "any":
                    if (attempts > 0)
                    {
                        policy.Problem("max_attempts", "counts only with condition: on-failure");
                    }

                    return ("unless-stopped", 0);
                case var other:
                    policy.Problem("condition", $"'{other}' is not none, on-failure or any");
                    return ("no", 0);
            }
        }

        // As `docker stack deploy`: a service is kept running unless the file says otherwise.
        string text = service.Text("restart") ?? (once ? "on-failure" : "unless-stopped");
        if (text is "no" or "false" or "always" or "unless-stopped" or "on-failure")
        {
            return (text == "false" ? "no" : text, 0);
        }

        if (text.StartsWith("on-failure:", StringComparison.Ordinal) && int.TryParse(text["on-failure:".Length..], out int most) && most >= 0)
        {
            return ("on-failure", most);
        }

        service.Problem("restart", $"'{text}' is not \"no\", always, unless-stopped, on-failure or on-failure:N");
        return ("no", 0);
    }

    public static PlacementRules Placement(Section? deploy, PlacementRules rules)
    {
        if (deploy?.Open("placement", ComposeKeys.Placement) is not { } placement)
        {
            return rules;
        }

        foreach (YamlText constraint in placement.Texts("constraints"))
        {
            rules = SchedulingExpressions.FromCompose(rules, constraint, placement);
        }

        foreach (YamlItem item in placement.List("preferences")?.Items ?? [])
        {
            string? label = item is YamlMap map ? new Section(map, placement.Path("preferences"), placement.Report, ComposeKeys.Preference).Text("spread") : null;
            string? key = label is null ? null
                : label.StartsWith("node.labels.", StringComparison.Ordinal) ? label["node.labels.".Length..]
                : label.StartsWith("engine.labels.", StringComparison.Ordinal) ? label["engine.labels.".Length..] : null;
            if (string.IsNullOrEmpty(key))
            {
                placement.Report.Problem(item.At, placement.Path("preferences"), "a preference is `spread: node.labels.NAME`");
            }
            else
            {
                rules = rules with { SpreadOver = rules.SpreadOver.Add(key) };
            }
        }

        return rules with { MaxReplicasPerNode = placement.Whole("max_replicas_per_node") is > 0 and int most ? most : null };
    }
}

/// <summary>Bytes and thousandths of a CPU; 0 = none.</summary>
internal sealed record Resources(long MemoryLimit, long CpuLimit, long ReservedMemory, long ReservedCpus);
