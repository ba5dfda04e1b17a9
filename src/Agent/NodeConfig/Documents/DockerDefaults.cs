using System.Collections.Immutable;

namespace RpiAgent.Agent.NodeConfig.Documents;

/// <summary>/etc/default/docker: only DOCKER_OPTS is ours. The unit splits it at blanks and knows no quotes there.</summary>
internal static class DockerDefaults
{
    public const string FilePath = "/etc/default/docker";
    private const string Variable = "DOCKER_OPTS";

    /// <exception cref="RefusalException">An option that cannot be written, or a file that cannot be read.</exception>
    public static byte[] WithOptions(byte[] content, ImmutableArray<string> options)
    {
        if (Refuse(options) is { } refusal)
        {
            throw new RefusalException(refusal);
        }

        EnvironmentFile file = EnvironmentFile.Parse(content, FilePath);
        string[] present = (file[Variable] ?? "").Split([' ', '\t', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries);
        return present.SequenceEqual(options, StringComparer.Ordinal) ? content : file.With(Variable, string.Join(' ', options));
    }

    private static Refusal? Refuse(ImmutableArray<string> options)
    {
        foreach (string option in options)
        {
            if (option.Length == 0 || option.FirstOrDefault(c => c is <= ' ' or > '~' or '$' or '`' or '"' or '\'' or '\\', 'x') != 'x')
            {
                return new Refusal(RefusalCodes.BadDockerOption, "docker.options", $"Docker option '{option}' cannot be written to {FilePath}: blanks, quotation marks, $, ` and \\ do not survive there; give each word by itself, without them");
            }

            if (option.StartsWith("--cluster-", StringComparison.Ordinal))
            {
                return new Refusal(RefusalCodes.OptionRemoved, "docker.options", $"Docker option '{option}' is gone: Debian's engines from 20.10 on have no Consul discovery; clusters are formed by Swarm, leave it out");
            }
        }

        bool isVerified = options.Any(option => option is "--tlsverify" or "--tlsverify=true");
        string? open = options.FirstOrDefault(option => option.Contains("tcp://", StringComparison.Ordinal));
        return open is not null && !isVerified
            ? new Refusal(RefusalCodes.InsecureDockerTcp, "docker.options", $"Docker option '{open}' lets anyone on the network be root on this node; use --tlsverify with certificates, or leave it out: the agent uses the unix socket")
            : null;
    }
}
