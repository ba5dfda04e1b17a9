using System.Security.Cryptography;
using RpiAgent.Identity;

namespace RpiAgent.Coordinator.Setup;

/// <summary>
/// Takes over this machine's certificate when `rpi-coordinator init` has renewed it (rpi-coordinator-renew.timer): later handshakes use it,
/// connections that are open stay.
/// </summary>
internal sealed partial class CredentialRefresh(CredentialFiles files, LiveCredentials live, TimeProvider time, ILogger<CredentialRefresh> logger)
    : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);
    private readonly ILogger<CredentialRefresh> _logger = logger;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            Look();
        }
    }

    private void Look()
    {
        try
        {
            if (files.Load() is { } found && found.Certificate.Thumbprint != live.Current.Certificate.Thumbprint)
            {
                live.Replace(found);
                LogTaken(found.NotAfter);
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            LogUnreadable(fault.Message, live.Current.NotAfter);
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Took over the renewed certificate; valid until {NotAfter:u}")]
    private partial void LogTaken(DateTimeOffset notAfter);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "The certificate on disk cannot be read ({Reason}); the one in use is valid until {NotAfter:u}")]
    private partial void LogUnreadable(string reason, DateTimeOffset notAfter);
}
