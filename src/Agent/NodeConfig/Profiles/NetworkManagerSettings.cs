namespace RpiAgent.Agent.NodeConfig.Profiles;

/// <summary>NetworkManager.conf(5): the file, then conf.d in the order of names whatever the folder; the last word counts.</summary>
internal sealed class NetworkManagerSettings
{
    public const string FilePath = "/etc/NetworkManager/NetworkManager.conf";
    private static readonly string[] Folders = ["/usr/lib/NetworkManager/conf.d", "/run/NetworkManager/conf.d", "/etc/NetworkManager/conf.d"];

    private readonly Keyfile[] _parts;

    private NetworkManagerSettings(IEnumerable<Keyfile> parts) => _parts = [.. parts];

    public static NetworkManagerSettings Read(FileView files) => new(
        Folders.SelectMany(folder => (files.List(folder) ?? []).Where(name => name.EndsWith(".conf", StringComparison.Ordinal)).Select(name => $"{folder}/{name}"))
            .OrderBy(path => Path.GetFileName(path), StringComparer.Ordinal).Prepend(FilePath)
            .Select(path => Keyfile.Parse(files.Read(path) ?? [])));

    /// <summary>Null when nothing says it.</summary>
    public string? this[string section, string key] => _parts.Select(part => part[section, key]).LastOrDefault(value => value is not null);

    /// <summary>Whether name servers are handed on (not with <c>dns=none</c> or <c>rc-manager=unmanaged</c>).</summary>
    public bool WritesResolver => this["main", "dns"] is not "none" && this["main", "rc-manager"] is not "unmanaged";

    /// <summary>Debian's NetworkManager keeps off what has an iface line, unless <c>[ifupdown] managed=true</c>.</summary>
    public bool LeavesStanzas => (this["main", "plugins"] ?? "ifupdown").Contains("ifupdown", StringComparison.Ordinal) && this["ifupdown", "managed"] is not "true";
}
