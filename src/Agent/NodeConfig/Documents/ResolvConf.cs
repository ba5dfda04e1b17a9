using System.Collections.Immutable;
using System.Text;
using RpiAgent.Protos;

namespace RpiAgent.Agent.NodeConfig.Documents;

/// <summary>resolv.conf(5): the nameserver lines are replaced where the first one stood; search, options and comments stay.</summary>
internal static class ResolvConf
{
    public static byte[] WithNameServers(byte[] content, ImmutableArray<Ipv4> servers)
    {
        string text = Encoding.Latin1.GetString(content);
        List<string> lines = [.. text.Split('\n')];
        string[] present = [.. lines.Where(IsNameServer).Select(line => line.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries)[1])];
        if (present.SequenceEqual(servers.Select(server => server.ToString()), StringComparer.Ordinal))
        {
            return content;
        }

        int first = lines.FindIndex(IsNameServer);
        int at = first >= 0 ? first : lines[^1].Length == 0 ? lines.Count - 1 : lines.Count;
        lines.RemoveAll(IsNameServer);
        lines.InsertRange(at, servers.Select(server => $"nameserver {server}"));
        if (lines[^1].Length > 0)
        {
            lines.Add("");
        }

        return Encoding.Latin1.GetBytes(string.Join('\n', lines));
    }

    /// <summary>The keyword must start the line.</summary>
    private static bool IsNameServer(string line) =>
        line.StartsWith("nameserver", StringComparison.Ordinal) && line.Length > 11 && line[10] is ' ' or '\t'
        && line.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries).Length > 1;
}

/// <summary>What /etc/resolv.conf is on this node.</summary>
/// <param name="Content">Null when there is none.</param>
/// <param name="LinkTarget">Where the symbolic link points; null for a file.</param>
internal sealed record ResolvState(byte[]? Content, string? LinkTarget, bool IsImmutable)
{
    public const string FilePath = "/etc/resolv.conf";

    /// <summary>False for a tree that is but a part of a node's.</summary>
    public bool IsKnown { get; init; } = true;

    /// <summary>A link and an immutable file belong to somebody else.</summary>
    public Refusal? RefuseWrite()
    {
        if (LinkTarget is not null)
        {
            string owner = LinkTarget switch
            {
                _ when LinkTarget.Contains("systemd/resolve", StringComparison.Ordinal) => "systemd-resolved",
                _ when LinkTarget.Contains("resolvconf", StringComparison.Ordinal) => "resolvconf",
                _ when LinkTarget.Contains("NetworkManager", StringComparison.Ordinal) => "NetworkManager",
                _ => "somebody else",
            };
            return new Refusal(RefusalCodes.ResolvOwned, FilePath, $"{FilePath} is a link to {LinkTarget} and belongs to {owner}; set the name servers there, or leave dns out");
        }

        return IsImmutable
            ? new Refusal(RefusalCodes.ResolvOwned, FilePath, $"{FilePath} is marked immutable; somebody wants it so. Remove the mark (chattr -i), or leave dns out")
            : null;
    }
}
