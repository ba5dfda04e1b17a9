using System.Security.Cryptography.X509Certificates;
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

    /// <summary>At once when the certificate does not name the node's address: Docker clients look at it.</summary>
    /// <param name="address">IPv4; empty when there is none that would last.</param>
    /// <param name="asked">The address it had when a certificate was last asked for; the coordinator may see it under another one.</param>
    public static bool IsMoved(X509Certificate2 certificate, string address, string asked) =>
        address.Length > 0 && address != asked && !certificate.MatchesHostname(address, allowWildcards: false, allowCommonName: false);

    /// <summary>How long to sleep before looking again: never long, because a wall clock may jump and the address change.</summary>
    public static TimeSpan Sleep(DateTimeOffset due, DateTimeOffset now, bool failed)
    {
        if (failed)
        {
            return TimeSpan.FromMinutes(1);
        }

        TimeSpan shortest = TimeSpan.FromSeconds(1), longest = TimeSpan.FromSeconds(10), left = due - now;
        return left < shortest ? shortest : left > longest ? longest : left;
    }
}
