namespace RpiAgent.Agent.Enrolment;

/// <summary>What the system says about its clock; a Pi before model 5 has no battery for one.</summary>
internal sealed class ClockProbe(AgentOptions options)
{
    /// <summary>systemd-timesyncd touches this once it has set the clock (systemd-timesyncd.service(8)).</summary>
    private const string Synchronised = "/run/systemd/timesync/synchronized";

    /// <summary>Files whose dates time cannot be before: the last time timesyncd knew, the image's build, our own last contact.</summary>
    private static readonly string[] Witnesses = ["/var/lib/systemd/timesync/clock", "/usr/lib/clock-epoch"];

    public bool IsSynchronised() => File.Exists(options.Under(Synchronised));

    /// <summary>The latest date a file bears witness to; the epoch without any.</summary>
    public DateTimeOffset Floor() =>
        Witnesses.Select(options.Under).Append(options.State("identity/enrolment.json"))
            .Where(File.Exists)
            .Select(path => new DateTimeOffset(File.GetLastWriteTimeUtc(path), TimeSpan.Zero))
            .DefaultIfEmpty(DateTimeOffset.UnixEpoch)
            .Max();
}
