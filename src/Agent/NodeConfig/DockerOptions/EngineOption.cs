using System.Collections.Immutable;

namespace RpiAgent.Agent.NodeConfig.DockerOptions;

/// <summary>One option among the words that dockerd is started with.</summary>
/// <param name="Key">Its name in daemon.json.</param>
/// <param name="Value">"true" for a flag without one.</param>
/// <param name="Words">As they were given: <c>--debug</c>, or <c>--dns</c> and <c>10.0.0.1</c>.</param>
internal sealed record EngineOption(string Key, string Value, ImmutableArray<string> Words)
{
    /// <summary>Names of daemon.json for flags that are called otherwise there (dockerd(8)).</summary>
    private static readonly ImmutableDictionary<string, string> FileNames = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["-H"] = "hosts", ["--host"] = "hosts", ["-D"] = "debug", ["-l"] = "log-level", ["-s"] = "storage-driver", ["-b"] = "bridge", ["-G"] = "group", ["-p"] = "pidfile", ["-g"] = "data-root", ["--graph"] = "data-root",
        ["--log-opt"] = "log-opts", ["--label"] = "labels", ["--insecure-registry"] = "insecure-registries", ["--registry-mirror"] = "registry-mirrors", ["--storage-opt"] = "storage-opts",
        ["--default-address-pool"] = "default-address-pools", ["--exec-opt"] = "exec-opts", ["--default-ulimit"] = "default-ulimits", ["--dns-opt"] = "dns-opts", ["--add-runtime"] = "runtimes",
        ["--authorization-plugin"] = "authorization-plugins", ["--node-generic-resource"] = "node-generic-resources", ["--cluster-store-opt"] = "cluster-store-opts", ["--default-network-opt"] = "default-network-opts",
        ["--cdi-spec-dir"] = "cdi-spec-dirs", ["--feature"] = "features", ["--host-gateway-ip"] = "host-gateway-ips",
    }.ToImmutableDictionary(StringComparer.Ordinal);

    /// <summary>Options that may be given more than once.</summary>
    private static readonly ImmutableHashSet<string> Lists =
    [
        "hosts", "log-opts", "labels", "insecure-registries", "registry-mirrors", "storage-opts", "default-address-pools", "exec-opts", "default-ulimits", "dns", "dns-opts", "dns-search", "runtimes", "authorization-plugins",
        "node-generic-resources", "cluster-store-opts", "default-network-opts", "cdi-spec-dirs", "features", "host-gateway-ips", "allow-nondistributable-artifacts",
    ];

    /// <summary>Lists of NAME=VALUE, where each name has one value.</summary>
    private static readonly ImmutableHashSet<string> Maps = ["log-opts", "labels", "default-ulimits", "runtimes", "cluster-store-opts", "features"];

    public bool MayRepeat => Lists.Contains(Key);

    /// <summary>Flags that are on when nothing is said: <c>--debug</c>, <c>--debug=1</c>.</summary>
    public bool IsOn => Value is "true" or "True" or "TRUE" or "t" or "T" or "1";

    /// <summary>dockerd takes no arguments, so what does not begin with a dash is the value of what does.</summary>
    public static ImmutableArray<EngineOption> Of(ImmutableArray<string> words)
    {
        ImmutableArray<EngineOption>.Builder options = ImmutableArray.CreateBuilder<EngineOption>();
        for (int i = 0, next; i < words.Length; i = next)
        {
            next = i + 1;
            while (next < words.Length && !words[next].StartsWith('-'))
            {
                next++;
            }

            Read(words[i..next], options);
        }

        return options.ToImmutable();
    }

    /// <summary>Both cannot be: another value for what has one, such as the log option max-size.</summary>
    public bool Contradicts(EngineOption other) =>
        Key == other.Key && (!MayRepeat || (Maps.Contains(Key) && NameOf(Value) == NameOf(other.Value))) && !Says(other);

    /// <summary>The same, in whatever spelling.</summary>
    public bool Says(EngineOption other) => Key == other.Key && (Value == other.Value || (IsOn && other.IsOn));

    public override string ToString() => string.Join(' ', Words);

    private static string NameOf(string value) => value.Split('=', 2)[0];

    /// <summary>pflag's forms: <c>--host=X</c>, <c>--host X</c>, <c>-H X</c>, <c>-HX</c>, <c>-H=X</c>, <c>-DH X</c>.</summary>
    private static void Read(ImmutableArray<string> words, ImmutableArray<EngineOption>.Builder options)
    {
        string word = words[0], after = string.Join(' ', words.Skip(1));
        if (!word.StartsWith('-'))
        {
            options.Add(new EngineOption("", word, words));
            return;
        }

        if (word is not ['-', not '-', ..])
        {
            string[] parts = word.Split('=', 2);
            options.Add(new EngineOption(FileNames.GetValueOrDefault(parts[0]) ?? parts[0].TrimStart('-'), parts.Length == 2 ? parts[1] : words.Length > 1 ? after : "true", words));
            return;
        }

        string letters = word[1..], rest = letters.TrimStart('D', 'v');
        if (rest.Length < letters.Length)
        {
            bool isAlone = rest.Length == 0 || rest[0] == '=';
            options.Add(new EngineOption("debug", isAlone && rest.Length > 0 ? rest[1..] : "true", isAlone ? words : []));
            if (isAlone)
            {
                return;
            }
        }

        string flag = $"-{rest[..Math.Min(1, rest.Length)]}", value = rest[Math.Min(1, rest.Length)..].TrimStart('=');
        options.Add(new EngineOption(FileNames.GetValueOrDefault(flag) ?? flag.TrimStart('-'), value.Length > 0 ? value : after, words));
    }
}
