using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
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

    /// <summary>Of this program: its package dates it by its source.</summary>
    public static DateTimeOffset Built => DateOf(Environment.ProcessPath ?? "");

    /// <summary>For the next start, which may find the kernel's clock months back. A time after the end of the cluster's CA is nobody's word.</summary>
    public void Remember(DateTimeOffset now)
    {
        if (now < AuthorityEnd())
        {
            AtomicFile.Write(RememberedPath, now.UtcDateTime.ToString("O", CultureInfo.InvariantCulture) + "\n", AtomicFile.Private);
        }
    }

    /// <summary>
    /// The latest date a file bears witness to that the cluster's CA does not end before; the epoch without any.
    /// Dates of files that we write are those of the kernel's clock, right or wrong: what was remembered stands in the file.
    /// </summary>
    public DateTimeOffset Floor()
    {
        DateTimeOffset end = AuthorityEnd();
        return Witnesses.Select(path => DateOf(options.Under(path))).Append(Built).Append(Remembered()).Where(date => date < end).DefaultIfEmpty(DateTimeOffset.UnixEpoch).Max();
    }

    /// <summary>Of the CA this node knows; never without one.</summary>
    public DateTimeOffset AuthorityEnd()
    {
        try
        {
            using X509Certificate2 authority = X509Certificate2.CreateFromPem(File.ReadAllText(options.State("identity/ca.pem")));
            return new DateTimeOffset(authority.NotAfter);
        }
        catch (Exception none) when (none is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return DateTimeOffset.MaxValue;
        }
    }

    private static DateTimeOffset DateOf(string path) => File.Exists(path) ? new DateTimeOffset(File.GetLastWriteTimeUtc(path), TimeSpan.Zero) : DateTimeOffset.UnixEpoch;

    private DateTimeOffset Remembered() =>
        File.Exists(RememberedPath) && DateTimeOffset.TryParse(File.ReadAllText(RememberedPath).Trim(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset told) ? told : DateTimeOffset.UnixEpoch;
}
