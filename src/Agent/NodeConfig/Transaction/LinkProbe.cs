using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace RpiAgent.Agent.NodeConfig.Transaction;

/// <summary>Looks at an interface of this node, whoever configures it. In a folder of files there is nothing to see, and all is well.</summary>
internal sealed class LinkProbe(AgentOptions options, CommandRunner commands, TimeProvider time)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    private bool IsFolder => options.Root != "/";

    /// <summary>Duplicate address detection (RFC 5227) with arping, where it is installed.</summary>
    public async Task<bool> IsAddressInUseAsync(AddressWish wish, CancellationToken cancel)
    {
        if (IsFolder || wish.Method != AddressMethod.Static || Addresses(wish.Interface).Contains(wish.Address.ToString()))
        {
            return false;
        }

        CommandResult probe = await commands.RunAsync("arping", ["-D", "-q", "-I", wish.Interface, "-c", "3", "-w", "5", wish.Address.ToString()], Limit, cancel);
        return probe.ExitCode == 1 && probe.Error.Trim().Length == 0;
    }

    /// <summary>Waits until the wished address is there and the gateway answers.</summary>
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

        return missing;
    }

    private async Task<string?> FindMissingAsync(AddressWish wish, CancellationToken cancel)
    {
        string[] present = Addresses(wish.Interface);
        bool isThere = wish.Method == AddressMethod.Static ? present.Contains(wish.Address.ToString()) : present.Any(address => !address.StartsWith("169.254.", StringComparison.Ordinal));
        if (!isThere)
        {
            return $"{wish.Interface} has the addresses [{string.Join(", ", present)}], not the wished one";
        }

        if (wish.Gateway is not { } gateway)
        {
            return null;
        }

        CommandResult probe = await commands.RunAsync("arping", ["-q", "-I", wish.Interface, "-c", "1", "-w", "2", gateway.ToString()], Limit, cancel);
        return probe.ExitCode == 1 ? $"the gateway {gateway} does not answer on {wish.Interface}" : null;
    }

    private static string[] Addresses(string name) =>
        [.. NetworkInterface.GetAllNetworkInterfaces().Where(item => item.Name == name)
            .SelectMany(item => item.GetIPProperties().UnicastAddresses)
            .Where(address => address.Address.AddressFamily == AddressFamily.InterNetwork)
            .Select(address => address.Address.ToString())];
}
