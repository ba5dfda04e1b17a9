using System.Globalization;
using RpiAgent.Identity;

namespace RpiAgent.Agent.Enrolment;

/// <summary>What the system says about its clock; a Pi before model 5 has no battery for one.</summary>
internal sealed class ClockProbe(AgentOptions options)
{
    /// <summary>systemd-timesyncd touches this once it has set the clock (systemd-timesyncd.service(8)).</summary>
    private const string Synchronised = "/run/systemd/timesync/synchronized";

    /// <summary>Files whose dates time cannot be before: the last time timesyncd knew, the image's build.</summary>
    private static readonly string[] Witnesses = ["/var/lib/systemd/timesync/clock", "/usr/lib/clock-epoch"];

    private volatile bool _noted;

    private string RememberedPath => options.State("clock");

    public bool IsSynchronised() => _noted || File.Exists(options.Under(Synchronised));

    /// <summary>Somebody else than timesyncd has set it.</summary>
    public void NoteSynchronised() => _noted = true;

    /// <summary>For the next start, which may find the kernel's clock months back.</summary>
    public void Remember(DateTimeOffset now) =>
        AtomicFile.Write(RememberedPath, now.UtcDateTime.ToString("O", CultureInfo.InvariantCulture) + "\n", AtomicFile.Private);

    /// <summary>
    /// The latest date a file bears witness to; the epoch without any. The program itself is one: its package dates it by its source.
    /// Dates of files that we write are those of the kernel's clock, right or wrong: what was remembered stands in the file.
    /// </summary>
    public DateTimeOffset Floor() =>
        Witnesses.Select(options.Under).Append(options.State("identity/enrolment.json")).Append(Environment.ProcessPath ?? "")
            .Where(File.Exists)
            .Select(path => new DateTimeOffset(File.GetLastWriteTimeUtc(path), TimeSpan.Zero))
            .Append(Remembered())
            .Max();

    private DateTimeOffset Remembered() =>
        File.Exists(RememberedPath) && DateTimeOffset.TryParse(File.ReadAllText(RememberedPath).Trim(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset told) ? told : DateTimeOffset.UnixEpoch;
}
