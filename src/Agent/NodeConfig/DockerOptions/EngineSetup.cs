using System.Collections.Immutable;
using System.Text;
using RpiAgent.Protos;

namespace RpiAgent.Agent.NodeConfig.DockerOptions;

/// <summary>How the engine is started on this node, as far as its options are concerned.</summary>
/// <param name="Starts">Every ExecStart= that counts after resets, in the order systemd reads them, without our own drop-in; empty without docker.service.</param>
/// <param name="UnitStart">That of the unit's own file, before any drop-in; empty when there is none.</param>
/// <param name="ReadsDefaults">/etc/default/docker is an EnvironmentFile= of it.</param>
/// <param name="Defaults">Content of /etc/default/docker.</param>
/// <param name="DropIn">Content of our own drop-in; null when there is none.</param>
/// <param name="Daemon">Content of /etc/docker/daemon.json; null when there is none.</param>
/// <param name="Version">20.10.24; empty when unknown.</param>
/// <param name="Networks">Of this node's interfaces, without the engine's own bridges.</param>
internal sealed record EngineSetup(
    ImmutableArray<UnitStart> Starts, string UnitStart, bool ReadsDefaults, byte[] Defaults, byte[]? DropIn, byte[]? Daemon, string Version, ImmutableArray<Ipv4Range> Networks)
{
    /// <summary>As Debian's docker.io starts it; what a folder of files is taken for.</summary>
    public static EngineSetup Debian { get; } = new(
        [new UnitStart("/lib/systemd/system/docker.service", "/usr/sbin/dockerd -H fd:// $DOCKER_OPTS")], "/usr/sbin/dockerd -H fd:// $DOCKER_OPTS", true, [], null, null, "", []);

    /// <summary>What is in <see cref="EngineTls.Folder"/>.</summary>
    public ImmutableSortedDictionary<string, byte[]> TlsFiles { get; init; } = ImmutableSortedDictionary<string, byte[]>.Empty;

    /// <summary>PEM of the node's certificate and key; null when it is enrolled nowhere.</summary>
    public (byte[] Certificate, byte[] Key)? Identity { get; init; }

    /// <summary>What stands in DOCKER_OPTS of /etc/default/docker reaches the engine.</summary>
    public bool HonoursDefaults => ReadsDefaults && Starts is [.., { Command: var command }] && command.Contains("$DOCKER_OPTS", StringComparison.Ordinal);

    /// <summary>Its TLS port was opened by us.</summary>
    public bool HasTls => new[] { Defaults, DropIn ?? [] }.Any(content => content.AsSpan().IndexOf(Encoding.ASCII.GetBytes(EngineTls.Folder)) >= 0);
}

/// <param name="File">Where systemd read it.</param>
internal sealed record UnitStart(string File, string Command);

/// <summary>What <c>systemctl cat</c> prints: files one after the other, each under a comment with its path.</summary>
internal static class UnitText
{
    /// <summary>Our own drop-in is passed over: with its reset it would hide somebody else's.</summary>
    public static (ImmutableArray<UnitStart> Starts, string UnitStart, bool ReadsDefaults) Parse(string text)
    {
        string file = "", own = "", first = "";
        bool readsDefaults = false;
        List<UnitStart> starts = [];
        foreach (string line in text.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n').Select(line => line.Trim()))
        {
            if (line.StartsWith("# /", StringComparison.Ordinal) && line.IndexOf(' ', 2) < 0)
            {
                file = line[2..];
                first = first.Length == 0 ? file : first;
                continue;
            }

            if (file == DockerOptionsPlanner.DropInPath || line.Split('=', 2, StringSplitOptions.TrimEntries) is not [var key, var value])
            {
                continue;
            }

            switch (key)
            {
                case "ExecStart" when value.Length == 0:
                    starts.Clear();
                    break;
                case "ExecStart":
                    own = own.Length == 0 && file == first ? value : own;
                    starts.Add(new UnitStart(file, value));
                    break;
                case "EnvironmentFile":
                    readsDefaults = value.Length > 0 && (readsDefaults || value.EndsWith(DockerDefaults.FilePath, StringComparison.Ordinal));
                    break;
            }
        }

        return ([.. starts], own, readsDefaults);
    }
}
