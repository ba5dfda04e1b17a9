using System.Net.NetworkInformation;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using RpiAgent.Protos;

namespace RpiAgent.Agent.NodeConfig.Transaction;

/// <summary>Looks at an interface of this node, whoever configures it. In a folder of files there is nothing to see, and all is well.</summary>
internal sealed partial class LinkProbe(AgentOptions options, TimeProvider time, ILogger logger)
{
    private bool IsFolder => options.Root != "/";

    /// <summary>Duplicate address detection (RFC 5227). An interface on which nobody can be asked has no other machines to see either.</summary>
    public async Task<bool> IsAddressInUseAsync(AddressWish wish, CancellationToken cancel)
    {
        if (IsFolder || wish.Method != AddressMethod.Static || Addresses(wish.Interface).Any(present => present.Address.ToString() == wish.Address.ToString()))
        {
            return false;
        }

        return await FindOtherAsync(wish, cancel) is not null;
    }

    /// <summary>Waits for carrier, the wished address, the route and the gateway's answer; and nobody else may have the address.</summary>
    /// <returns>Null when all is well, else what is missing.</returns>
    public async Task<string?> CheckLinkAsync(AddressWish wish, TimeSpan limit, CancellationToken cancel)
    {
        long start = time.GetTimestamp();
        string? missing = IsFolder ? null : "";
        while (missing is not null)
        {
            missing = await FindMissingAsync(wish, cancel);
            if (missing is null || time.GetElapsedTime(start) > limit)
            {
                break;
            }

            await Task.Delay(TimeSpan.FromSeconds(1), time, cancel);
        }

        // Once more, from the link as it is now: over a radio that was not joined yet nobody could be asked before.
        return missing is null && !IsFolder && wish.Method == AddressMethod.Static && await FindOtherAsync(wish, cancel) is { } other
            ? $"{RefusalCodes.AddressInUse}: another machine ({other}) on {wish.Interface} has {wish.Address}"
            : missing;
    }

    private async Task<PhysicalAddress?> FindOtherAsync(AddressWish wish, CancellationToken cancel)
    {
        try
        {
            return await ArpProbe.FindOtherAsync(wish.Interface, wish.Address, cancel);
        }
        catch (SocketException e)
        {
            LogNotProbed(wish.Interface, wish.Address.ToString(), e.Message);
            return null;
        }
    }

    private async Task<string?> FindMissingAsync(AddressWish wish, CancellationToken cancel)
    {
        if (ReadFact($"/sys/class/net/{wish.Interface}/carrier") == "0")
        {
            return $"{wish.Interface} has no carrier: is its cable plugged in?";
        }

        UnicastIPAddressInformation[] present = Addresses(wish.Interface);
        bool isThere = wish.Method == AddressMethod.Static
            ? present.Any(address => address.Address.ToString() == wish.Address.ToString() && address.PrefixLength == wish.PrefixLength)
            : present.Any(address => !address.Address.ToString().StartsWith("169.254.", StringComparison.Ordinal));
        if (!isThere)
        {
            return $"{wish.Interface} has the addresses [{string.Join(", ", present.Select(address => $"{address.Address}/{address.PrefixLength}"))}], not the wished one";
        }

        if (wish.Gateway is not { } gateway)
        {
            return null;
        }

        if (!HasDefaultRoute(wish.Interface, gateway))
        {
            return $"there is no default route by {gateway} on {wish.Interface}";
        }

        try
        {
            return await ArpProbe.FindAsync(wish.Interface, wish.Address, gateway, cancel) is null ? $"the gateway {gateway} does not answer on {wish.Interface}" : null;
        }
        catch (SocketException e)
        {
            LogNotProbed(wish.Interface, gateway.ToString(), e.Message);
            return null;
        }
    }

    /// <summary>/proc/net/route: interface, destination and gateway, as numbers in the processor's byte order.</summary>
    private static bool HasDefaultRoute(string name, Ipv4 gateway)
    {
        string wanted = $"{System.Net.IPAddress.HostToNetworkOrder((int)gateway.Value):X8}";
        return (ReadFact("/proc/net/route") ?? "").Split('\n').Select(line => line.Split('\t'))
            .Any(words => words.Length > 2 && words[0] == name && words[1] == "00000000" && words[2] == wanted);
    }

    /// <summary>Null when it cannot be read: a device that is down has no carrier to tell.</summary>
    private static string? ReadFact(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static UnicastIPAddressInformation[] Addresses(string name) =>
        [.. NetworkInterface.GetAllNetworkInterfaces().Where(item => item.Name == name)
            .SelectMany(item => item.GetIPProperties().UnicastAddresses)
            .Where(address => address.Address.AddressFamily == AddressFamily.InterNetwork)];

    [LoggerMessage(Level = LogLevel.Warning, Message = "Nobody on {Interface} can be asked for {Address}: {Reason}")]
    private partial void LogNotProbed(string @interface, string address, string reason);
}
