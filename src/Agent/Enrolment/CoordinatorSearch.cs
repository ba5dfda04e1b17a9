namespace RpiAgent.Agent.Enrolment;

/// <summary>
/// Finds the coordinator by multicast DNS when the card names none. Anybody may answer; only the one that proves to hold a certificate of
/// the CA that the card names is taken, as soon as it has, whatever the others do.
/// </summary>
internal sealed partial class CoordinatorSearch(CoordinatorClient coordinator, DiscoveryAsker asker, TimeProvider time, ILogger<CoordinatorSearch> log)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(3);

    /// <summary>Searches until the coordinator of the cluster with this CA is found.</summary>
    /// <param name="tell">Gets why it is not found yet, and whether that has lasted so long that a person should know.</param>
    public async Task<Uri> FindAsync(string authorityDigest, Func<string, bool, Task> tell, CancellationToken cancel)
    {
        long since = time.GetTimestamp();
        while (true)
        {
            FoundCoordinator found = await TryFindAsync(authorityDigest, cancel);
            if (found.Address is { } address)
            {
                return address;
            }

            await tell(found.WhyNot!, time.GetElapsedTime(since) > Patience);
            await Task.Delay(Pause, time, cancel);
        }
    }

    /// <summary>Asks once.</summary>
    /// <param name="throughInterface">The only interface to ask over; empty for any.</param>
    public async Task<FoundCoordinator> TryFindAsync(string authorityDigest, CancellationToken cancel, string throughInterface = "") =>
        await FirstProvenAsync([.. DiscoveryCandidates.Pick(await asker.AskAsync(throughInterface, cancel)).Select(one => new Uri($"https://{one}"))], authorityDigest, cancel, throughInterface);

    /// <summary>Asks all at once: an address that never answers does not hold up the true one.</summary>
    internal async Task<FoundCoordinator> FirstProvenAsync(Uri[] addresses, string authorityDigest, CancellationToken cancel, string throughInterface = "")
    {
        string why = "nobody answers";
        using CancellationTokenSource found = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task<(Uri Address, string? WhyNot)>[] asked = [.. addresses.Select(address => AskAsync(address, found.Token))];
        try
        {
            await foreach (Task<(Uri Address, string? WhyNot)> answered in Task.WhenEach(asked))
            {
                (Uri address, string? reason) = await answered;
                if (reason is null)
                {
                    LogFound(address);
                    return new FoundCoordinator(address, null);
                }

                why = reason;
                LogNotOurs(address, reason);
            }
        }
        finally
        {
            await found.CancelAsync();
            await ((Task)Task.WhenAll(asked)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return new FoundCoordinator(null, $"no coordinator found in the network: {why}; is it on, and in the same network? Else write its address, 'coordinator:' with 'url:'");

        async Task<(Uri, string?)> AskAsync(Uri address, CancellationToken enough) =>
            (address, await coordinator.WhyNotProvenAsync(address, authorityDigest, enough, throughInterface));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Found the coordinator at {Address}")]
    private partial void LogFound(Uri address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Address} says it is a coordinator, and is not ours: {Reason}")]
    private partial void LogNotOurs(Uri address, string reason);
}

/// <summary>What one round of looking brought.</summary>
/// <param name="WhyNot">Null when there is an address.</param>
internal sealed record FoundCoordinator(Uri? Address, string? WhyNot);
