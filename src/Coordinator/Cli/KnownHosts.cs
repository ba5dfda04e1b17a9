using RpiAgent.Protos;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Cli;

/// <summary>Lines of known_hosts (sshd(8)) from what the nodes said of themselves over mTLS. Pure.</summary>
internal static class KnownHosts
{
    /// <summary>One line for each key of the node: for its name and its address.</summary>
    public static IEnumerable<string> LinesOf(NodeInfo node) => KeysOf(node).Select(key => $"{string.Join(',', NamesOf(node))} {key.Key}");

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
