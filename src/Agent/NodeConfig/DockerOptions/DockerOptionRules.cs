using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using RpiAgent.Protos;

namespace RpiAgent.Agent.NodeConfig.DockerOptions;

/// <summary>What dockerd would choke on, or nobody should have: found before anything is written. Pure.</summary>
internal static class DockerOptionRules
{
    private const string Where = "docker.options";

    /// <summary>Names of daemon.json for flags that are called otherwise there (dockerd(8)).</summary>
    private static readonly ImmutableDictionary<string, string> FileNames = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["-H"] = "hosts", ["--host"] = "hosts", ["-D"] = "debug", ["-l"] = "log-level", ["-s"] = "storage-driver", ["-b"] = "bridge", ["-G"] = "group", ["-p"] = "pidfile", ["-g"] = "data-root", ["--graph"] = "data-root",
        ["--log-opt"] = "log-opts", ["--label"] = "labels", ["--insecure-registry"] = "insecure-registries", ["--registry-mirror"] = "registry-mirrors", ["--storage-opt"] = "storage-opts",
        ["--default-address-pool"] = "default-address-pools", ["--exec-opt"] = "exec-opts", ["--default-ulimit"] = "default-ulimits", ["--dns-opt"] = "dns-opts", ["--add-runtime"] = "runtimes",
        ["--authorization-plugin"] = "authorization-plugins", ["--node-generic-resource"] = "node-generic-resources",
    }.ToImmutableDictionary(StringComparer.Ordinal);

    /// <summary>Flags that may be given more than once.</summary>
    private static readonly ImmutableHashSet<string> Lists =
        ["hosts", "log-opts", "labels", "insecure-registries", "registry-mirrors", "storage-opts", "default-address-pools", "exec-opts", "default-ulimits", "dns", "dns-opts", "dns-search", "runtimes", "authorization-plugins", "node-generic-resources"];

    /// <returns>Null when the engine can be started with these words.</returns>
    public static Refusal? Refuse(EngineSetup setup, ImmutableArray<string> words) =>
        words.Select(RefuseWord).FirstOrDefault(refusal => refusal is not null)
        ?? RefuseRemoved(setup.Version, words)
        ?? RefuseOpen(words)
        ?? RefuseSwarmless(words)
        ?? RefuseBridge(setup, words)
        ?? RefusePools(setup, words)
        ?? RefuseTwice(setup, words);

    private static Refusal? RefuseWord(string word) =>
        word.Length > 0 && word.All(c => c is > ' ' and <= '~' and not ('$' or '`' or '"' or '\'' or '\\'))
            ? null
            : new Refusal(RefusalCodes.BadDockerOption, Where, $"Docker option '{word}' cannot be written: blanks, quotation marks, $, ` and \\ do not survive where systemd reads it; give each word by itself, without them");

    /// <summary>1.9.0 brought them, 20.10 as Debian builds it has no Consul, 23.0 refuses and 24.0 does not know them (pi-domain §7).</summary>
    private static Refusal? RefuseRemoved(string version, ImmutableArray<string> words)
    {
        bool isOld = version.Split('.') is [var major, var minor, ..] && int.TryParse(major, CultureInfo.InvariantCulture, out int a) && int.TryParse(minor, CultureInfo.InvariantCulture, out int b) && (a < 20 || (a == 20 && b < 10));
        return !isOld && words.FirstOrDefault(word => word.StartsWith("--cluster-", StringComparison.Ordinal)) is { } removed
            ? new Refusal(RefusalCodes.OptionRemoved, Where, $"Docker option '{removed}' is gone: this engine ({(version.Length > 0 ? version : "of unknown version")}) has no discovery by Consul; clusters are formed by Swarm, leave it out")
            : null;
    }

    /// <summary>Whatever is no socket of this machine is TCP to dockerd, with or without <c>tcp://</c> before it (moby, opts.parseDaemonHost).</summary>
    private static Refusal? RefuseOpen(ImmutableArray<string> words)
    {
        bool isAskedFor = words.Any(word => word is "--tlsverify" or "--tlsverify=true" or "--tls=false" or "--tlsverify=false");
        return !isAskedFor && HostsOf(words).FirstOrDefault(host => !host.StartsWith("unix://", StringComparison.Ordinal) && !host.StartsWith("fd://", StringComparison.Ordinal)) is { } open
            ? new Refusal(RefusalCodes.InsecureDockerTcp, Where, $"the Docker option -H '{open}' lets anyone on the network be root on this node; use --tlsverify with certificates, or leave it out: the agent uses the unix socket. Who wants it in spite of all says --tls=false beside it")
            : null;
    }

    private static Refusal? RefuseSwarmless(ImmutableArray<string> words) =>
        words.Any(word => word.Split('=') is ["--live-restore", .. var value] && value is not ["false" or "False" or "FALSE" or "0" or "f" or "F"])
            ? new Refusal(RefusalCodes.OptionConflict, Where, "--live-restore does not go together with Swarm, which this cluster is made of; leave it out")
            : null;

    private static Refusal? RefusePools(EngineSetup setup, ImmutableArray<string> words)
    {
        foreach (string value in ValuesOf(words, "--default-address-pool"))
        {
            Dictionary<string, string> parts = value.Split(',').Select(part => part.Split('=', 2)).Where(part => part.Length == 2).GroupBy(part => part[0], StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Last()[1], StringComparer.Ordinal);
            string range = parts.GetValueOrDefault("base", "");
            if (!TryReadRange(range, out Ipv4 address, out int prefix)
                || !int.TryParse(parts.GetValueOrDefault("size"), NumberStyles.None, CultureInfo.InvariantCulture, out int size) || size < prefix || size > 30)
            {
                return new Refusal(RefusalCodes.BadDockerOption, Where, $"'{value}' is no address pool; write base=10.201.0.0/16,size=24");
            }

            // A pool in force already has networks of its own by now.
            if (!setup.Mentions(value) && Overlapped(setup, address, prefix) is { } own)
            {
                return new Refusal(RefusalCodes.OptionConflict, Where, $"the address pool {range} swallows this node's own network ({own}); take another range, e.g. base=10.201.0.0/16,size=24");
            }
        }

        return null;
    }

    private static Refusal? RefuseBridge(EngineSetup setup, ImmutableArray<string> words)
    {
        foreach (string value in ValuesOf(words, "--bip"))
        {
            if (!TryReadRange(value, out Ipv4 address, out int prefix))
            {
                return new Refusal(RefusalCodes.BadDockerOption, Where, $"'{value}' is no address of the engine's bridge; write it with its prefix, such as 10.200.0.1/24");
            }

            if (Overlapped(setup, address, prefix) is { } own)
            {
                return new Refusal(RefusalCodes.OptionConflict, Where, $"the engine's bridge {value} would lie in this node's own network ({own}); take another range, e.g. --bip=10.200.0.1/24");
            }
        }

        return null;
    }

    /// <summary>10.201.0.0/16, with 8 to 30 bits.</summary>
    private static bool TryReadRange(string text, out Ipv4 address, out int prefix)
    {
        (address, prefix) = (default, 0);
        return text.Split('/') is [var quad, var length] && Ipv4.TryParse(quad, out address)
            && int.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out prefix) && prefix is >= 8 and <= 30;
    }

    /// <returns>The node's own network in that range, or null.</returns>
    private static string? Overlapped(EngineSetup setup, Ipv4 address, int prefix)
    {
        foreach ((uint own, int ownPrefix) in setup.Networks)
        {
            uint mask = Ipv4.Mask(Math.Min(prefix, ownPrefix)).Value;
            if ((own & mask) == (address.Value & mask))
            {
                return $"{new Ipv4(own)}/{ownPrefix}";
            }
        }

        return null;
    }

    private static Refusal? RefuseTwice(EngineSetup setup, ImmutableArray<string> words)
    {
        string[] given = [.. words.Where(word => word.StartsWith('-')).Select(KeyOf)];
        if (given.GroupBy(key => key, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1 && !Lists.Contains(group.Key)) is { } twice)
        {
            return new Refusal(RefusalCodes.OptionConflict, Where, $"Docker option '{twice.Key}' is given twice");
        }

        // What counts is the last ExecStart=, which may be somebody's drop-in; our own one is what is being written.
        UnitStart start = setup.Starts is [.., var last] && last.File != DockerOptionsPlanner.DropInPath && last.Command != setup.UnitStart ? last : new UnitStart("docker.service", setup.UnitStart);
        string[] unit = [.. start.Command.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(word => word.StartsWith('-')).Select(KeyOf)];
        if (given.FirstOrDefault(key => unit.Contains(key) && !Lists.Contains(key)) is { } inUnit)
        {
            return new Refusal(RefusalCodes.OptionConflict, start.File, $"Docker option '{inUnit}' is set by docker.service already ({start.Command}); leave it out");
        }

        (ImmutableArray<string> file, Refusal? broken) = KeysOf(setup.Daemon);
        return broken ?? (given.Concat(unit).FirstOrDefault(file.Contains) is { } inFile
            ? new Refusal(RefusalCodes.OptionConflict, "/etc/docker/daemon.json", $"'{inFile}' is set in /etc/docker/daemon.json and as an option: dockerd does not start then; take it out of one of them")
            : null);
    }

    private static (ImmutableArray<string> Keys, Refusal? Broken) KeysOf(byte[]? daemon)
    {
        // dockerd takes a byte order mark.
        ReadOnlyMemory<byte> text = daemon.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? daemon.AsMemory(Encoding.UTF8.Preamble.Length) : daemon;
        if (Encoding.UTF8.GetString(text.Span).Trim().Length == 0)
        {
            return ([], null);
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return ([.. document.RootElement.EnumerateObject().Select(property => property.Name)], null);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return ([], new Refusal(RefusalCodes.Parse, "/etc/docker/daemon.json", $"is not the JSON object dockerd expects ({e.Message}); mend it first"));
        }
    }

    /// <summary>The name an option has in daemon.json.</summary>
    private static string KeyOf(string word)
    {
        string flag = word.Split('=', 2)[0];
        return FileNames.GetValueOrDefault(flag) ?? FileNames.GetValueOrDefault(flag.StartsWith("--", StringComparison.Ordinal) ? flag : flag[..Math.Min(2, flag.Length)]) ?? flag.TrimStart('-');
    }

    /// <summary>Where dockerd would listen: of <c>-H X</c>, <c>-HX</c>, <c>-H=X</c>, <c>-DH X</c>, <c>--host X</c> and <c>--host=X</c> (pflag's short and long forms).</summary>
    private static IEnumerable<string> HostsOf(ImmutableArray<string> words)
    {
        for (int i = 0; i < words.Length; i++)
        {
            string next = words.ElementAtOrDefault(i + 1) ?? "";
            if (words[i] is "--host" || words[i].StartsWith("--host=", StringComparison.Ordinal))
            {
                yield return words[i] == "--host" ? next : words[i]["--host=".Length..];
            }
            else if (words[i] is ['-', not '-', ..] && words[i].AsSpan(1).TrimStart("Dv") is ['H', .. var rest])
            {
                yield return rest.IsEmpty ? next : rest.TrimStart('=').ToString();
            }
        }
    }

    private static IEnumerable<string> ValuesOf(ImmutableArray<string> words, string flag) => words
        .Select((word, i) => word.StartsWith($"{flag}=", StringComparison.Ordinal) ? word[(flag.Length + 1)..] : word == flag ? words.ElementAtOrDefault(i + 1) ?? "" : null)
        .OfType<string>();
}
