using System.Globalization;
using RpiAgent.Identity;

namespace RpiAgent.Agent.Grpc;

/// <summary>Refuses orders of a deposed leader: the newest epoch heard, kept on disk, written only when a newer leader speaks.</summary>
/// <param name="path">One line with the number.</param>
internal sealed partial class EpochFence(string path, ILogger<EpochFence> log)
{
    /// <summary>In the state directory.</summary>
    public const string FileName = "epoch";

    private readonly Lock _gate = new();
    private ulong? _newest;

    /// <summary>True when no newer leader has spoken. Remembers the epoch.</summary>
    public bool Admit(ulong epoch, out ulong newest)
    {
        lock (_gate)
        {
            newest = _newest ??= Read();
            if (epoch < newest)
            {
                LogDeposed(epoch, newest);
                return false;
            }

            if (epoch > newest)
            {
                AtomicFile.EnsureDirectory(Path.GetDirectoryName(path) ?? "/", AtomicFile.PrivateDirectory);
                AtomicFile.Write(path, epoch.ToString(CultureInfo.InvariantCulture) + "\n", AtomicFile.Private);
                _newest = newest = epoch;
            }

            return true;
        }
    }

    private ulong Read()
    {
        try
        {
            string text = File.ReadAllText(path).Trim();
            if (ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong epoch))
            {
                return epoch;
            }

            LogDamaged(path);
            return 0;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return 0;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Refused an order of epoch {Epoch}: epoch {Newest} has spoken")]
    private partial void LogDeposed(ulong epoch, ulong newest);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} is damaged; the next leader's epoch counts")]
    private partial void LogDamaged(string path);
}
