using System.Globalization;
using RpiAgent.Agent.NodeConfig.Wifi;

namespace RpiAgent.Agent.NodeConfig.Profiles;

/// <summary>Finds the profile that is in force on an interface: NetworkManager is asked; in a folder of files, the one it would choose.</summary>
internal sealed class ProfileInspector(AgentOptions options, CommandRunner commands)
{
    private const string Suffix = ".nmconnection";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly string[] Folders = [OwnProfile.Folder, "/run/NetworkManager/system-connections", "/usr/lib/NetworkManager/system-connections"];

    private readonly FileView _files = FileView.OfDirectory(options.Root);

    /// <exception cref="RefusalException">NetworkManager does not answer.</exception>
    public async Task<ProfileState> InspectAsync(string interfaceName, CancellationToken cancel) =>
        (options.Root == "/" ? await AskAsync(interfaceName, cancel) : InspectFolder(_files, interfaceName)) with { Country = _files.Read(WifiProfile.CountryPath) };

    /// <summary>Of several, the one with the highest priority.</summary>
    public static ProfileState InspectFolder(FileView files, string interfaceName)
    {
        bool isWifi = interfaceName.StartsWith("wl", StringComparison.Ordinal), writesResolver = NetworkManagerSettings.Read(files).WritesResolver;
        var candidates =
            from folder in Folders
            from name in (files.List(folder) ?? []).Order(StringComparer.Ordinal)
            where name.EndsWith(Suffix, StringComparison.Ordinal) && !name.StartsWith('.')
            let content = files.Read($"{folder}/{name}")
            where content is not null
            let profile = Keyfile.Parse(content)
            where profile["connection", "autoconnect"] != "false"
            where (profile["connection", "interface-name"] ?? interfaceName) == interfaceName
            where profile["connection", "type"] is { } type && (isWifi ? type is "wifi" or "802-11-wireless" : type is not ("wifi" or "802-11-wireless" or "loopback"))
            orderby int.TryParse(profile["connection", "autoconnect-priority"], CultureInfo.InvariantCulture, out int priority) ? priority : 0 descending
            select new ProfileState($"{folder}/{name}", content, isWifi, writesResolver);
        return candidates.FirstOrDefault() ?? ProfileState.None with { IsWifi = isWifi, WritesResolver = writesResolver };
    }

    private async Task<ProfileState> AskAsync(string interfaceName, CancellationToken cancel)
    {
        string[] device = (await RunAsync(interfaceName, ["-e", "no", "-g", "GENERAL.CON-UUID,GENERAL.TYPE", "device", "show", interfaceName], cancel)).Split('\n');
        if (device[0].Length == 0)
        {
            // Down, as without a cable: the one that comes into force when it is up.
            return InspectFolder(_files, interfaceName) with { IsWifi = device is [_, "wifi", ..] };
        }

        string list = await RunAsync(interfaceName, ["-t", "-e", "no", "-f", "UUID,FILENAME", "connection", "show"], cancel);
        string path = list.Split('\n').FirstOrDefault(line => line.StartsWith($"{device[0]}:", StringComparison.Ordinal))?[(device[0].Length + 1)..].Trim() ?? "";
        return new ProfileState(path, path.StartsWith('/') ? _files.Read(path) : null, device is [_, "wifi", ..], NetworkManagerSettings.Read(_files).WritesResolver);
    }

    private async Task<string> RunAsync(string interfaceName, string[] arguments, CancellationToken cancel) =>
        await commands.RunAsync("nmcli", arguments, Limit, cancel) is { Succeeded: true } told
            ? told.Output
            : throw new RefusalException(new Refusal(RefusalCodes.BackendUnsupported, interfaceName, $"NetworkManager does not tell which profile {interfaceName} has; try again in a minute"));
}
