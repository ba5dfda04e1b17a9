using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace RpiAgent.Identity;

/// <summary>
/// What a Pi needs to join: <c>rpi1.CA-DIGEST.SECRET</c>. The digest lets the Pi know the cluster, the secret lets the cluster know the Pi.
/// </summary>
public sealed class JoinToken
{
    private const string Version = "rpi1";
    private const int SecretBytes = 32;

    private JoinToken(string authorityDigest, string secret)
    {
        AuthorityDigest = authorityDigest;
        Secret = secret;
    }

    /// <summary>64 lower-case hex digits.</summary>
    public string AuthorityDigest { get; }

    /// <summary>32 random bytes in base64url.</summary>
    public string Secret { get; }

    /// <summary>sha256 of the secret's bytes, 64 lower-case hex digits: all that is stored.</summary>
    public string Hash => HashOf(Secret);

    /// <summary>First 12 hex digits of the hash: how people name a token.</summary>
    public string Id => Hash[..12];

    public static JoinToken Create(string authorityDigest) =>
        new(authorityDigest, Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes)));

    /// <summary>Reads a token as people paste it: blanks and line ends around it do not matter.</summary>
    /// <param name="refusal">What is wrong with it and what to do, without the secret.</param>
    public static bool TryParse(string? text, [NotNullWhen(true)] out JoinToken? token, [NotNullWhen(false)] out string? refusal)
    {
        token = null;
        string trimmed = text?.Trim() ?? "";
        if (trimmed.Length == 0)
        {
            refusal = "the join token is empty; make one with `rpictl token create`";
            return false;
        }

        string[] parts = trimmed.Split('.');
        if (parts[0] != Version)
        {
            refusal = parts[0].StartsWith("rpi", StringComparison.Ordinal)
                ? $"the join token is of kind '{Shown(parts[0])}', this release reads only '{Version}'"
                : $"this is not a join token: it must begin with '{Version}.'";
            return false;
        }

        if (parts.Length != 3)
        {
            refusal = $"the join token is cut or has a stray dot: it has {parts.Length} parts instead of 3";
            return false;
        }

        if (parts[1].Length != 64 || !parts[1].All(char.IsAsciiHexDigitLower))
        {
            refusal = "the join token's second part is not 64 lower-case hex digits; copy the whole token again";
            return false;
        }

        if (!IsSecret(parts[2]))
        {
            refusal = "the join token's third part is damaged; copy the whole token again";
            return false;
        }

        token = new JoinToken(parts[1], parts[2]);
        refusal = null;
        return true;
    }

    /// <summary>Whether a text is the base64url form of 32 bytes.</summary>
    public static bool IsSecret(string text) => text.Length == 43 && Decode(text) is not null;

    /// <summary>The stored form of a secret.</summary>
    /// <exception cref="FormatException">Not a secret.</exception>
    public static string HashOf(string secret) =>
        Decode(secret) is byte[] bytes ? Convert.ToHexStringLower(SHA256.HashData(bytes)) : throw new FormatException("not a join token's secret");

    /// <summary>The whole token, secret included: for the person who asked for it, never for a log.</summary>
    public string Reveal() => $"{Version}.{AuthorityDigest}.{Secret}";

    /// <summary>Without the secret.</summary>
    public override string ToString() => $"{Version}.{AuthorityDigest[..8]}….***";

    private static byte[]? Decode(string text)
    {
        byte[] bytes = new byte[SecretBytes];
        // Canonical form only: the same bytes must not have two texts.
        return Encoding.ASCII.GetByteCount(text) == text.Length
            && Base64Url.IsValid(text)
            && Base64Url.TryDecodeFromChars(text, bytes, out int length)
            && length == SecretBytes
            && Base64Url.EncodeToString(bytes) == text
                ? bytes
                : null;
    }

    private static string Shown(string text) => text.Length > 12 ? text[..12] + "…" : text;
}
