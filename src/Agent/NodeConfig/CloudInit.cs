using System.Collections.Immutable;
using System.Text;

namespace RpiAgent.Agent.NodeConfig;

/// <summary>cloud-init writes the network's configuration again when it meets a new instance id, unless it is told not to (cloud-init: "network: {config: disabled}").</summary>
/// <param name="WritesNetwork">It is installed and switched on, and nothing keeps it from the network.</param>
internal sealed record CloudInit(bool WritesNetwork)
{
    /// <summary>Where we tell it to leave the network alone.</summary>
    public const string FilePath = $"{Folder}/99-rpi-agent-network.cfg";

    public const string Warning = $"cloud-init is active and writes the network's configuration again when it meets a new instance id; to keep it from that, write 'network: {{config: disabled}}' into {FilePath}";

    private const string Folder = "/etc/cloud/cloud.cfg.d", MainPath = "/etc/cloud/cloud.cfg", OwnStanzas = "/etc/network/interfaces.d/50-cloud-init";

    private static readonly byte[] Disabled = Encoding.ASCII.GetBytes("# Written by rpi-agent, which sets the network of this node.\nnetwork: {config: disabled}\n");

    public static CloudInit Read(FileView files) => new(
        files.Read(MainPath) is not null && !files.IsThere("/etc/cloud/cloud-init.disabled")
        && !(files.List(Folder) ?? []).Where(name => name.EndsWith(".cfg", StringComparison.Ordinal)).Select(name => $"{Folder}/{name}").Prepend(MainPath)
            .Any(path => SaysDisabled(Encoding.Latin1.GetString(files.Read(path) ?? []))));

    /// <summary>The change, and what keeps cloud-init from undoing it where the stanza is its own.</summary>
    public ImmutableSortedDictionary<string, byte[]> With(ImmutableSortedDictionary<string, byte[]> change) =>
        WritesNetwork && change.Keys.Any(path => path.StartsWith(OwnStanzas, StringComparison.Ordinal)) ? change.SetItem(FilePath, Disabled) : change;

    /// <param name="change">With what <see cref="With"/> adds.</param>
    public IEnumerable<string> Warnings(ImmutableSortedDictionary<string, byte[]> change) => WritesNetwork && !change.IsEmpty && !change.ContainsKey(FilePath) ? [Warning] : [];

    /// <summary><c>network: {config: disabled}</c>, on one line or two.</summary>
    private static bool SaysDisabled(string text)
    {
        string[] lines = [.. text.Split('\n').Select(line => line.TrimEnd()).Where(line => line.Length > 0 && line.TrimStart()[0] != '#')];
        return lines.Index().Any(line => line.Item.StartsWith("network:", StringComparison.Ordinal)
            && (line.Item.Length > "network:".Length ? line.Item["network:".Length..] : lines.ElementAtOrDefault(line.Index + 1) ?? "").Trim([' ', '{', '}']).Split(':') is ["config", var value]
            && value.Trim([' ', '\'', '"']) == "disabled");
    }
}
