using System.Security.Cryptography.X509Certificates;
using RpiAgent.Identity;

namespace RpiAgent.Agent.Enrolment;

/// <summary>When a certificate is due for renewal.</summary>
internal static class RenewalSchedule
{
    private static readonly TimeSpan AfterSuccess = TimeSpan.FromHours(1), AfterFailure = TimeSpan.FromMinutes(1), Longest = TimeSpan.FromMinutes(15);

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

    /// <summary>
    /// How long it rests after asking. Where the coordinator's clock is months behind the node's, each new certificate is due at once:
    /// without a rest the two would wear out the card.
    /// </summary>
    /// <param name="failures">In a row.</param>
    public static TimeSpan Rest(int failures) =>
        failures == 0 ? AfterSuccess : AfterFailure * Math.Pow(2, Math.Min(failures - 1, 10)) is var pause && pause < Longest ? pause : Longest;

    /// <param name="isMoved">As <see cref="IsMoved"/> says: that does not wait for the rest after a success.</param>
    /// <param name="rested">Since it was asked last.</param>
    public static bool IsDue(DateTimeOffset due, DateTimeOffset now, bool isMoved, TimeSpan rested, int failures) =>
        (isMoved && failures == 0) || ((isMoved || now >= due) && rested >= Rest(failures));

    /// <summary>How long to sleep before looking again: never long, because a wall clock may jump and the address change.</summary>
    public static TimeSpan Sleep(DateTimeOffset due, DateTimeOffset now)
    {
        TimeSpan shortest = TimeSpan.FromSeconds(1), longest = TimeSpan.FromSeconds(10), left = due - now;
        return left < shortest ? shortest : left > longest ? longest : left;
    }
}
