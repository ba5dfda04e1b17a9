using System.Collections.Immutable;
using System.Security.Cryptography;
using RpiAgent.Identity;

namespace RpiAgent.Agent.NodeConfig.DockerOptions;

/// <summary>The last change of the engine's options that was found not to work. To find that once more would stop every container for it.</summary>
internal sealed class FailedChange(AgentOptions options)
{
    private string FilePath => options.State("docker/failed-change");

    /// <returns>Why it did not work; null when it was not tried, or worked.</returns>
    public string? WhyNot(string digest) => File.Exists(FilePath) && File.ReadAllText(FilePath).Split('\n', 2) is [var failed, var reason] && failed == digest ? reason.Trim() : null;

    /// <exception cref="IOException">It is not remembered.</exception>
    public void Note(string digest, string reason) => AtomicFile.Write(FilePath, $"{digest}\n{reason}\n", AtomicFile.Private);

    public void Forget() => File.Delete(FilePath);

    public static string DigestOf(ImmutableSortedDictionary<string, byte[]> files)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((string path, byte[] content) in files)
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(path));
            hash.AppendData(SHA256.HashData(content));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
