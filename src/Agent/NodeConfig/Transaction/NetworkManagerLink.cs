using System.Globalization;
using RpiAgent.Agent.NodeConfig.Profiles;

namespace RpiAgent.Agent.NodeConfig.Transaction;

/// <summary>
/// An interface of NetworkManager. It goes from one profile to another by itself and lives outside of the agent's control group,
/// so it is asked directly. A checkpoint of its own, a little longer than our timer, stands behind the timer (docs/decisions).
/// </summary>
internal sealed class NetworkManagerLink(AgentOptions options, CommandRunner commands, RollbackScript script) : INetworkLink
{
    private const string Service = "org.freedesktop.NetworkManager", Object = "/org/freedesktop/NetworkManager";
    private const int DeleteNewConnections = 2; // NM_CHECKPOINT_CREATE_FLAG_DELETE_NEW_CONNECTIONS
    private const int CheckpointGraceSeconds = 15;
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    private bool IsFolder => options.Root != "/";

    /// <summary>PROFILE is the UUID of the one that is in force.</summary>
    public async Task<string> DescribeAsync(ChangeAddress change, CancellationToken cancel)
    {
        string name = change.Wish.Interface;
        return $"networkmanager {name} {(IsFolder ? "" : await DeviceAsync("GENERAL.CON-UUID", name, cancel))}".TrimEnd();
    }

    /// <summary>nmcli reads and checks a profile without NetworkManager.</summary>
    public async Task<string?> CheckFilesAsync(ChangeAddress change, Func<string, string?> place, CancellationToken cancel)
    {
        if (IsFolder || place(OwnProfile.PathOf(change.Wish.Interface)) is not { } file)
        {
            return null;
        }

        CommandResult check = await commands.RunAsync("sh", ["-c", "exec nmcli --offline connection modify connection.autoconnect yes <\"$0\" >/dev/null", file], Short, cancel);
        return check.Succeeded ? null : $"nmcli does not take the new profile: {check.Error.Trim()}";
    }

    public async Task LeaveAsync(ChangeAddress change, string way, int seconds, CancellationToken cancel)
    {
        if (IsFolder)
        {
            return;
        }

        string device = await DeviceAsync("GENERAL.DBUS-PATH", change.Wish.Interface, cancel);

        // Without one (somebody else has one on this device) the timer is alone, as with ifupdown.
        await commands.RunAsync(
            "busctl",
            ["call", Service, Object, Service, "CheckpointCreate", "aouu", "1", device, (seconds + CheckpointGraceSeconds).ToString(CultureInfo.InvariantCulture), DeleteNewConnections.ToString(CultureInfo.InvariantCulture)],
            Short,
            cancel);
    }

    public async Task EnterAsync(ChangeAddress change, string way, CancellationToken cancel)
    {
        if (IsFolder)
        {
            return;
        }

        string name = change.Wish.Interface;
        if (change.Wish.Wifi is { } network)
        {
            await script.LinkAsync(["radio", network.Country], cancel);
        }

        (await commands.RunAsync("nmcli", ["connection", "load", OwnProfile.PathOf(name)], Short, cancel)).OrThrow();
        (await commands.RunAsync("nmcli", ["--wait", "45", "connection", "up", "uuid", OwnProfile.UuidOf(name), "ifname", name], Long, cancel)).OrThrow();
    }

    /// <summary>An agent that was killed between the swap and <c>connection up</c> left the old profile in force, over which the coordinator would answer.</summary>
    public async Task<bool> IsEnteredAsync(string interfaceName, CancellationToken cancel)
    {
        string path = options.Under(OwnProfile.PathOf(interfaceName));
        if (IsFolder || !File.Exists(path))
        {
            return IsFolder;
        }

        Keyfile profile = Keyfile.Parse(await File.ReadAllBytesAsync(path, cancel));
        if (await DeviceAsync("GENERAL.CON-UUID", interfaceName, cancel) != OwnProfile.UuidOf(interfaceName))
        {
            return false;
        }

        string[] wished = (profile["ipv4", "address1"] ?? "").Split(',');
        return wished[0].Length == 0
            ? (await DeviceAsync("DHCP4.OPTION", interfaceName, cancel)).Length > 0
            : await DeviceAsync("IP4.ADDRESS", interfaceName, cancel) == wished[0] && await DeviceAsync("IP4.GATEWAY", interfaceName, cancel) == (wished is [_, var gateway] ? gateway : "");
    }

    public Task KeepAsync(TransactionMarker marker, CancellationToken cancel) =>
        script.LinkAsync(["keep", marker.Interface, Math.Floor(marker.StartedSeconds).ToString(CultureInfo.InvariantCulture)], cancel);

    private async Task<string> DeviceAsync(string field, string name, CancellationToken cancel) =>
        (await commands.RunAsync("nmcli", ["-e", "no", "-g", field, "device", "show", name], Short, cancel)).Output.Trim();
}
