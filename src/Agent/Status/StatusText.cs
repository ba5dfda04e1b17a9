namespace RpiAgent.Agent.Status;

/// <summary>What the line for people is made of.</summary>
/// <param name="Name">Empty: not enrolled yet.</param>
/// <param name="Swarm">manager, leader, worker, or empty for no swarm.</param>
/// <param name="SinceContact">Since the coordinator last read our status.</param>
/// <param name="ClockIsSet">The system's, by somebody who knows the time.</param>
internal readonly record struct StatusFacts(string Name, string Address, bool EngineUp, string Swarm, int Running, int Wanted, int Warnings, TimeSpan? SinceContact, bool ClockIsSet);

/// <summary>The line that `systemctl status rpi-agent` shows.</summary>
internal static class StatusText
{
    public static string Of(StatusFacts facts)
    {
        if (facts.Name.Length == 0)
        {
            return "not enrolled yet";
        }

        string containers = facts.Running == facts.Wanted
            ? $"{facts.Running} {(facts.Running == 1 ? "container" : "containers")}"
            : $"{facts.Running} of {facts.Wanted} containers";
        string engine = facts.EngineUp ? $"{(facts.Swarm.Length > 0 ? $"swarm {facts.Swarm}" : "no swarm")}, {containers}" : "docker is down";
        string warnings = facts.Warnings switch { 0 => "", 1 => ", 1 warning", _ => $", {facts.Warnings} warnings" };
        string contact = facts.SinceContact is { } since ? $"last contact {Ago(since)} ago" : "no contact yet";
        string clock = facts.ClockIsSet ? "" : ", clock: unsynchronised";
        return $"enrolled as {facts.Name} {facts.Address}, {engine}{warnings}, {contact}{clock}";
    }

    public static StatusFacts Facts(string name, string address, NodeReport report, TimeSpan? sinceContact)
    {
        string role = report.Swarm.State != "active" ? "" : report.Swarm.Leader ? "leader" : report.Swarm.Manager ? "manager" : "worker";
        return new StatusFacts(
            name,
            address,
            report.EngineUp,
            role,
            report.Containers.Count(container => container is { Foreign: false, State: "running" }),
            report.Containers.Count(container => container is { Foreign: false } && container.State is not ("removing" or "exited")),
            report.Warnings.Length + report.CardWarnings.Length + (report.ClockWarning.Length > 0 ? 1 : 0),
            sinceContact,
            report.ClockWarning.Length == 0);
    }

    private static string Ago(TimeSpan since) =>
        since < TimeSpan.FromMinutes(1) ? $"{(int)since.TotalSeconds} s"
        : since < TimeSpan.FromHours(1) ? $"{(int)since.TotalMinutes} min"
        : $"{(int)since.TotalHours} h";
}
