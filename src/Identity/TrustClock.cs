using System.Security.Cryptography.X509Certificates;

namespace RpiAgent.Identity;

/// <summary>
/// The time certificates are judged at. A Pi has no clock battery: until its clock is set, a certificate of the pinned CA
/// that seems to lie in the future is taken as valid from now; the end of validity is never relaxed.
/// </summary>
/// <param name="synchronised">Whether the kernel's clock has been set, by NTP or a real clock; null = always.</param>
public sealed class TrustClock(TimeProvider time, Func<bool>? synchronised = null)
{
    private readonly Lock _gate = new();
    private DateTimeOffset _floor;
    private long _floorAt = time.GetTimestamp();

    /// <summary>The kernel's clock has been set.</summary>
    public bool Synchronised => synchronised?.Invoke() ?? true;

    /// <summary>The kernel's time, or the latest time somebody trusted has told, and what has passed since, if that is later.</summary>
    public DateTimeOffset Now
    {
        get
        {
            DateTimeOffset kernel = time.GetUtcNow();
            return !Synchronised && Told is var told && told > kernel ? told : kernel;
        }
    }

    /// <summary>The latest time somebody trusted has told, and what has passed since; whatever the kernel's clock shows.</summary>
    public DateTimeOffset Told
    {
        get
        {
            lock (_gate)
            {
                return _floor + time.GetElapsedTime(_floorAt);
            }
        }
    }

    /// <summary>The word of a coordinator. One that lies after the end of its own CA is nobody's word.</summary>
    public void NotBefore(DateTimeOffset floor, X509Certificate2 authority)
    {
        ArgumentNullException.ThrowIfNull(authority);
        if (floor.UtcDateTime < authority.NotAfter.ToUniversalTime())
        {
            NotBefore(floor);
        }
    }

    /// <summary>Time cannot be earlier than this: a build date, a file's date.</summary>
    public void NotBefore(DateTimeOffset floor)
    {
        lock (_gate)
        {
            if (floor > _floor + time.GetElapsedTime(_floorAt))
            {
                (_floor, _floorAt) = (floor, time.GetTimestamp());
            }
        }
    }

    /// <summary>When to judge a certificate.</summary>
    public DateTimeOffset VerificationTime(X509Certificate2 peer, X509Certificate2 authority)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(authority);
        DateTimeOffset now = Now;
        DateTimeOffset begin = new(peer.NotBefore > authority.NotBefore ? peer.NotBefore : authority.NotBefore);
        return Synchronised || now >= begin ? now : begin;
    }
}
