using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using RpiAgent.Identity;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Enrolment;

/// <summary>
/// Finds the coordinator by multicast DNS when the card names none. Anybody may answer; only the one that proves to hold a certificate of
/// the CA in the join token is taken, so a forged answer costs no more than a moment.
/// </summary>
internal sealed partial class CoordinatorSearch(CoordinatorClient coordinator, TimeProvider time, ILogger<CoordinatorSearch> log)
{
    private const int MostCandidates = 8;
    private static readonly TimeSpan Listen = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(3);

    /// <summary>Searches until the coordinator of the token's cluster is found.</summary>
    /// <param name="tell">Gets why it is not found yet, and whether that has lasted so long that a person should know.</param>
    public async Task<Uri> FindAsync(JoinToken token, Func<string, bool, Task> tell, CancellationToken cancel)
    {
        long since = time.GetTimestamp();
        while (true)
        {
            FoundCoordinator found = await TryFindAsync(token, cancel);
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
    public async Task<FoundCoordinator> TryFindAsync(JoinToken token, CancellationToken cancel, string throughInterface = "")
    {
        string why = "nobody answers";
        Uri[] addresses = [.. (await AskAsync(throughInterface, cancel)).Select(candidate => new Uri($"https://{candidate}"))];

        // All at once: a forged address that never answers must not hold up the true one.
        string?[] unproven = await Task.WhenAll(addresses.Select(address => coordinator.WhyNotProvenAsync(address, token, cancel, throughInterface)));
        foreach ((Uri address, string? reason) in addresses.Zip(unproven))
        {
            if (reason is null)
            {
                LogFound(address);
                return new FoundCoordinator(address, null);
            }

            why = reason;
            LogNotOurs(address, reason);
        }

        return new FoundCoordinator(null, $"no coordinator found in the network: {why}; is it on, and in the same network? Else write its address, 'coordinator:' with 'url:'");
    }

    private async Task<IReadOnlyList<IPEndPoint>> AskAsync(string throughInterface, CancellationToken cancel)
    {
        IPAddress[] own = [.. NetworkInterface.GetAllNetworkInterfaces()
            .Where(one => one.OperationalStatus == OperationalStatus.Up && one.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .Where(one => throughInterface.Length == 0 || one.Name == throughInterface)
            .SelectMany(one => one.GetIPProperties().UnicastAddresses).Select(one => one.Address)
            .Where(one => one.AddressFamily == AddressFamily.InterNetwork)];
        IReadOnlyList<IPEndPoint>[] answers = await Task.WhenAll(own.Select(address => AskAsync(address, cancel)));
        return [.. answers.SelectMany(one => one).Distinct().Take(MostCandidates)];
    }

    private async Task<IReadOnlyList<IPEndPoint>> AskAsync(IPAddress own, CancellationToken cancel)
    {
        Candidates found = new(MostCandidates);
        using CancellationTokenSource enough = new(Listen, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(enough.Token, cancel);
        try
        {
            using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(own, 0));
            socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, own.GetAddressBytes());
            socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastTimeToLive, 255);
            await socket.SendToAsync(DiscoveryMessage.Query((ushort)RandomNumberGenerator.GetInt32(0x10000)), new IPEndPoint(DiscoveryMessage.Group, DiscoveryMessage.Port), either.Token);
            byte[] buffer = new byte[9000];
            while (!found.IsFull)
            {
                SocketReceiveFromResult received = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), either.Token);
                found.Add(((IPEndPoint)received.RemoteEndPoint).Address, DiscoveryMessage.ReadAnswer(buffer.AsSpan(0, received.ReceivedBytes)));
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // Listened long enough.
        }
        catch (SocketException e)
        {
            LogNotAsked(own, e.Message);
        }

        return found.All;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Found the coordinator at {Address}")]
    private partial void LogFound(Uri address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Address} says it is a coordinator, and is not ours: {Reason}")]
    private partial void LogNotOurs(Uri address, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Cannot ask from {Own}: {Reason}")]
    private partial void LogNotAsked(IPAddress own, string reason);
}

/// <summary>What one round of looking brought.</summary>
/// <param name="WhyNot">Null when there is an address.</param>
internal sealed record FoundCoordinator(Uri? Address, string? WhyNot);
