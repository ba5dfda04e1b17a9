using RpiAgent.Identity;

namespace RpiAgent.Agent.Enrolment;

/// <summary>When a certificate is due for renewal.</summary>
internal static class RenewalSchedule
{
    /// <summary>After a third of its life, counted from the moment it was issued (it begins a day before that).</summary>
    public static DateTimeOffset DueAt(DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        DateTimeOffset issued = notBefore + CertificateAuthority.Backdating;
        return issued + ((notAfter - issued) / 3);
    }

    /// <summary>How long to sleep before looking again: never long, because a wall clock may jump.</summary>
    public static TimeSpan Sleep(DateTimeOffset due, DateTimeOffset now, bool failed)
    {
        TimeSpan longest = TimeSpan.FromHours(1);
        TimeSpan shortest = failed ? TimeSpan.FromMinutes(5) : TimeSpan.FromSeconds(1);
        TimeSpan left = due - now;
        return left < shortest ? shortest : left > longest ? longest : left;
    }
}
