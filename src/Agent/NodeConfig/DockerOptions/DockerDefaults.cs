using System.Collections.Immutable;
using RpiAgent.Agent.NodeConfig.Documents;

namespace RpiAgent.Agent.NodeConfig.DockerOptions;

/// <summary>/etc/default/docker: only DOCKER_OPTS is ours. The unit splits it at blanks and knows no quotes there.</summary>
internal static class DockerDefaults
{
    public const string FilePath = "/etc/default/docker";
    private const string Variable = "DOCKER_OPTS";

    /// <exception cref="RefusalException">A file that cannot be read.</exception>
    public static byte[] WithOptions(byte[] content, ImmutableArray<string> options)
    {
        EnvironmentFile file = EnvironmentFile.Parse(content, FilePath);
        string[] present = (file[Variable] ?? "").Split([' ', '\t', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries);
        return present.SequenceEqual(options, StringComparer.Ordinal) && !file.IsDoubtful(Variable) ? content : file.With(Variable, string.Join(' ', options));
    }
}
