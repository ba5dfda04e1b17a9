using System.Security.Cryptography;
using RpiAgent.Agent.Enrolment;
using RpiAgent.Identity;

namespace RpiAgent.Agent.Boot;

/// <summary>
/// The first step of every boot: this board's identity, from disk or by enrolling with what the boot file says.
/// A refusal that only a person can mend is told and waited out; the daemon stays, so that `systemctl status` can say why.
/// </summary>
/// <param name="tell">Gets each reason for waiting, for STATUS=.</param>
internal sealed partial class Joining(Enroller enroller, AgentOptions options, Action<string> tell, TrustClock clock, TimeProvider time, ILogger<Joining> log)
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);

    /// <summary>A coordinator may have been mended meanwhile: after so long we ask again although the card is unchanged.</summary>
    private static readonly TimeSpan AskAgain = TimeSpan.FromMinutes(5);

    public async Task<EnrolledNode> RunAsync(CancellationToken cancel)
    {
        while (true)
        {
            byte[] card = HashOfBootFile();
            try
            {
                if (enroller.Load() is { } known && !IsExpired(known))
                {
                    return known;
                }

                EnrolledNode enrolled = await enroller.EnrolAsync(ReadOrder(), reason => tell($"enrolling: {reason}"), cancel);
                Scrub();
                return enrolled;
            }
            catch (Exception e) when (e is BootFileException or EnrolmentException)
            {
                tell($"not enrolled: {e.Message}");
                LogWaiting(e.Message);
            }

            long since = time.GetTimestamp();
            do
            {
                await Task.Delay(Look, time, cancel);
            }
            while (card.AsSpan().SequenceEqual(HashOfBootFile()) && time.GetElapsedTime(since) < AskAgain);
        }
    }

    /// <summary>With an expired certificate nobody answers us: only a new join token helps.</summary>
    private bool IsExpired(EnrolledNode known)
    {
        if (clock.Now < known.Credentials.NotAfter)
        {
            return false;
        }

        LogExpired(known.Credentials.NotAfter);
        return true;
    }

    /// <summary>The token has done its work; the card's boot partition can be read by anybody who holds the card.</summary>
    private void Scrub()
    {
        if (BootPartition.FindBootFile(options) is not { } path)
        {
            return;
        }

        try
        {
            if (BootFile.WithoutToken(File.ReadAllBytes(path)) is { } scrubbed)
            {
                AtomicFile.Write(path, scrubbed, File.GetUnixFileMode(path));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotScrubbed(path, e.Message);
        }
    }

    private EnrolmentOrder ReadOrder()
    {
        string path = BootPartition.FindBootFile(options)
            ?? throw new BootFileException($"there is no {BootFile.FileName} on the boot partition; write one with the coordinator's address and a join token");
        BootFile file = BootFile.Parse(File.ReadAllBytes(path), path);
        return new EnrolmentOrder(file.CoordinatorUrl, file.JoinToken, file.Hostname);
    }

    private byte[] HashOfBootFile() =>
        BootPartition.FindBootFile(options) is { } path ? SHA256.HashData(File.ReadAllBytes(path)) : [];

    [LoggerMessage(Level = LogLevel.Error, Message = "Not enrolled, waiting for a change of the boot file: {Reason}")]
    private partial void LogWaiting(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "This node's certificate expired on {NotAfter:u}; enrolling anew with the boot file's join token")]
    private partial void LogExpired(DateTimeOffset notAfter);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The used join token stays in {Path}, which cannot be written ({Reason}); revoke it or let it expire")]
    private partial void LogNotScrubbed(string path, string reason);
}
