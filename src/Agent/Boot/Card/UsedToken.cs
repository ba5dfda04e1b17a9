using System.Security.Cryptography;
using RpiAgent.Identity;

namespace RpiAgent.Agent.Boot.Card;

/// <summary>
/// The join token that was used last, known by its hash. Noted before it is sent, together with the identity of that moment: as long as that
/// is still the one on disk, the token has brought nothing, and a power cut in the midst of it must not make it a used one.
/// </summary>
internal sealed class UsedToken(AgentOptions options)
{
    private string Path => options.State("used-token");

    /// <summary>Empty while there is none.</summary>
    private string Identity() =>
        options.State("identity/node.pem") is var certificate && File.Exists(certificate) ? Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(certificate))) : "";

    public void Note(JoinToken token)
    {
        AtomicFile.EnsureDirectory(options.Under(options.StateDirectory), AtomicFile.PrivateDirectory);
        AtomicFile.Write(Path, $"{token.Hash} {Identity()}\n", AtomicFile.Private);
    }

    /// <summary>Whether it has made the identity that this board has. A note of an older agent has no identity in it and counts as used.</summary>
    public bool Is(JoinToken token) => Noted() is [var hash, ..] && hash == token.Hash && !HasBroughtNothing(token.Hash);

    /// <summary>It was noted, and the identity is still the one of before.</summary>
    public bool HasBroughtNothing(string tokenHash) => Noted() is [var hash, var before] && hash == tokenHash && before == Identity();

    private string[] Noted() => File.Exists(Path) ? File.ReadAllText(Path).TrimEnd('\n').Split(' ') : [];
}
