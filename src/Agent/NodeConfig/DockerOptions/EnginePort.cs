using System.Text;

namespace RpiAgent.Agent.NodeConfig.DockerOptions;

/// <summary>The engine's TLS port of a node that leaves its cluster: the clients of that cluster must not be root here any more.</summary>
internal static class EnginePort
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>The words first: an engine that is told of files that are gone does not start.</summary>
    /// <exception cref="RefusalException">/etc/default/docker cannot be read, so the engine would not start either.</exception>
    public static async Task CloseAsync(AgentOptions options, CommandRunner commands, CancellationToken cancel)
    {
        ConfigFiles files = new(options);
        bool isChanged = false;
        if (files.Read(DockerDefaults.FilePath) is { } defaults)
        {
            DockerDefaults read = DockerDefaults.Read(defaults);
            isChanged |= Write(DockerDefaults.FilePath, defaults, read.With([.. read.Own.Except(EngineTls.Words, StringComparer.Ordinal)]));
        }

        if (files.Read(DockerOptionsPlanner.DropInPath) is { } dropIn)
        {
            string words = $" {string.Join(' ', EngineTls.Words)}";
            isChanged |= Write(DockerOptionsPlanner.DropInPath, dropIn, Encoding.ASCII.GetBytes(Encoding.ASCII.GetString(dropIn).Replace(words, "", StringComparison.Ordinal)));
        }

        foreach (string path in EngineTls.Paths)
        {
            files.Delete(path);
        }

        foreach (string copies in (string[])["docker/last-failed", "docker/original"])
        {
            if (Directory.Exists(options.State(copies)))
            {
                Directory.Delete(options.State(copies), recursive: true);
            }
        }

        if (isChanged && options.Root == "/")
        {
            await commands.RunAsync("systemctl", ["daemon-reload"], Limit, cancel);
            await commands.RunAsync("systemctl", ["try-restart", "docker.service"], Limit, cancel);
        }

        bool Write(string path, byte[] before, byte[] after)
        {
            if (before.AsSpan().SequenceEqual(after))
            {
                return false;
            }

            files.Write(path, after);
            return true;
        }
    }
}
