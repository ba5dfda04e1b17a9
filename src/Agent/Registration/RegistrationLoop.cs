using RpiAgent.Consul;

namespace RpiAgent.Agent.Registration;

/// <summary>
/// Keeps this node's service in Consul's catalog: registers, reports "passing" at each beat, registers again
/// whenever Consul has forgotten it or the registration has changed. Never gives up. Now and then it looks at what Consul has: a request
/// of ours that was given up when the address changed may arrive after the one that followed it.
/// </summary>
/// <param name="beat">Pause between two reports; the check lives for three of them.</param>
internal sealed partial class RegistrationLoop(ConsulClient consul, TimeSpan beat, TimeProvider time, ILogger<RegistrationLoop> log)
{
    private const int LookEvery = 3;

    /// <param name="current">What to register now; asked at each beat, so a changed address is followed. May throw: then the next beat tries again.</param>
    public async Task RunAsync(Func<CancellationToken, Task<ServiceRegistration>> current, CancellationToken cancel)
    {
        ServiceRegistration? registered = null;
        bool failing = false;
        int beats = 0;
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                registered = await BeatAsync(await current(cancel), registered, mustLook: ++beats % LookEvery == 0, cancel);
                if (failing)
                {
                    LogRecovered(registered.Id);
                    failing = false;
                }
            }
            catch (Exception e) when (!cancel.IsCancellationRequested)      // whatever it was: a node that stops beating is lost
            {
                if (!failing)
                {
                    LogFailing(e.Message);
                    failing = true;
                }
            }

            await Task.Delay(beat, time, cancel);
        }
    }

    private async Task<ServiceRegistration> BeatAsync(ServiceRegistration wanted, ServiceRegistration? registered, bool mustLook, CancellationToken cancel)
    {
        bool known = !RegistrationPlanner.MustRegister(wanted, registered)
            && await consul.Services.ReportAsync(wanted.CheckId, CheckStatus.Passing, "", cancel)
            && (!mustLook || await consul.Services.FindAsync(wanted.Id, cancel) == new RegisteredService(wanted.Address, wanted.Port));
        if (!known)
        {
            await consul.Services.RegisterAsync(wanted, cancel);
            LogRegistered(wanted.Id, wanted.Address, wanted.Port);
        }

        return wanted;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Registered {Service} at {Address}:{Port}")]
    private partial void LogRegistered(string service, string address, int port);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Cannot keep this node registered, trying on: {Reason}")]
    private partial void LogFailing(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Service} is registered again")]
    private partial void LogRecovered(string service);
}
