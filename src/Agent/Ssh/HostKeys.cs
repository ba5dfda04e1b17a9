using System.Collections.Immutable;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Ssh;

/// <summary>The keys by which this node's sshd is known: the public halves in /etc/ssh.</summary>
internal static class HostKeys
{
    private const int MostKeys = 10;

    /// <summary>TYPE BLOB, sorted; what cannot be read is left out: the keys are made anew at the first boot of a card.</summary>
    public static ImmutableArray<string> Read(AgentOptions options)
    {
        string folder = options.Under("/etc/ssh");
        try
        {
            return Directory.Exists(folder)
                ? [.. Directory.GetFiles(folder, "ssh_host_*_key.pub").Select(ReadOne).OfType<SshPublicKey>().Select(key => key.Key).Order(StringComparer.Ordinal).Take(MostKeys)]
                : [];
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static SshPublicKey? ReadOne(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim().Split(' ', 3) is [var type, var blob, ..] && SshPublicKey.TryCreate(type, blob, "", out SshPublicKey? key) ? key : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
