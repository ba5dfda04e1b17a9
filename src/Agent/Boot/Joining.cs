using System.Security.Cryptography;
using RpiAgent.Agent.Enrolment;

namespace RpiAgent.Agent.Boot;

/// <summary>
/// The first step of every boot: this board's identity, from disk or by enrolling with what the boot file says.
/// A refusal that only a person can mend is told and waited out; the daemon stays, so that `systemctl status` can say why.
/// </summary>
/// <param name="tell">Gets each reason for waiting, for STATUS=.</param>
internal sealed partial class Joining(Enroller enroller, AgentOptions options, Action<string> tell, TimeProvider time, ILogger<Joining> log)
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
                if (enroller.Load() is { } known)
                {
                    return known;
                }

                return await enroller.EnrolAsync(ReadOrder(), reason => tell($"enrolling: {reason}"), cancel);
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
}
