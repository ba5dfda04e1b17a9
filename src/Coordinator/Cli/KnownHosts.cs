using System.Globalization;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Cli;

/// <summary>Lines of known_hosts (sshd(8)) from what the nodes said of themselves over mTLS. Pure.</summary>
internal static class KnownHosts
{
    public const int UsualPort = 22;

    /// <summary>One line for each key of the node: for its name and its address, at the usual port and at these.</summary>
    public static IEnumerable<string> LinesOf(NodeInfo node, params IEnumerable<int> ports) => KeysOf(node).Select(key => $"{string.Join(',', HostsOf(node, ports))} {key.Key}");

    /// <summary>Names under which ssh notes the node, where it told its keys.</summary>
    public static IEnumerable<string> HostsOf(NodeInfo node, IEnumerable<int> ports) => !KeysOf(node).Any() ? []
        : NamesOf(node).Concat(ports.Where(port => port != UsualPort).Distinct().Order().SelectMany(port => NamesOf(node).Select(name => $"[{name}]:{port}")));

    /// <summary>Ports at which the text knows the node in plain words; hashed entries do not tell theirs.</summary>
    public static IEnumerable<int> PortsIn(string text, NodeInfo node)
    {
        string[] starts = [.. NamesOf(node).Select(name => $"[{name}]:")];
        return text.Split('\n').SelectMany(line => line.Split(' ', 2)[0].Split(',')).SelectMany(host => starts
            .Where(start => host.StartsWith(start, StringComparison.Ordinal))
            .Select(start => int.TryParse(host.AsSpan(start.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int port) ? port : UsualPort));
    }

    /// <summary>Behind the last line, which gets an end if it has none.</summary>
    public static string Append(string text, IEnumerable<string> lines) =>
        text + (text.Length > 0 && !text.EndsWith('\n') ? "\n" : "") + string.Concat(lines.Select(line => line + "\n"));

    /// <summary>A pattern such as "*" would let the node pass for any host.</summary>
    private static string[] NamesOf(NodeInfo node) => Ipv4.TryParse(node.Address, out _) ? [node.Name, node.Address] : [node.Name];

    /// <summary>For the node's name alone, as HostKeyAlias asks for it.</summary>
    public static string FileOf(NodeInfo node) => string.Concat(KeysOf(node).Select(key => $"{node.Name} {key.Key}\n"));

    /// <summary>Arguments of ssh(1) that take these keys and no others, wherever else keys of this node may be noted.</summary>
    public static string[] Arguments(NodeInfo node, string knownHosts, string user, string identity, int port, IEnumerable<string> command) =>
    [
        "-o", $"UserKnownHostsFile=\"{knownHosts}\"", "-o", "GlobalKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=yes", "-o", $"HostKeyAlias={node.Name}",
        "-o", "CheckHostIP=no", "-o", "UpdateHostKeys=no", "-o", "VerifyHostKeyDNS=no",
        .. identity.Length > 0 ? ["-i", identity] : Array.Empty<string>(),
        "-p", $"{port}", "-l", user, "--", node.Address, .. command,
    ];

    /// <summary>A node could say anything: what is no key is left out.</summary>
    private static IEnumerable<SshPublicKey> KeysOf(NodeInfo node) => (node.Ssh?.HostKeys.AsEnumerable() ?? [])
        .Select(line => line.Split(' ') is [var type, var blob] && SshPublicKey.TryCreate(type, blob, "", out SshPublicKey? key) ? key : null).OfType<SshPublicKey>();
}
