using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace RpiAgent.Protos;

/// <summary>A public key as OpenSSH writes it. Type and blob are its identity; the comment is not.</summary>
/// <param name="Blob">Canonical base64.</param>
/// <param name="RsaBits">Length of an RSA modulus; 0 for other types.</param>
public sealed record SshPublicKey(string Type, string Blob, string Comment, int RsaBits)
{
    private const int LongestText = 16 * 1024;
    private const int LongestComment = 256;
    private const int LeastRsaBits = 2048;
    private const int GoodRsaBits = 3072;

    /// <summary>One line without its end.</summary>
    public string Line => Comment.Length == 0 ? Key : $"{Key} {Comment}";

    /// <summary>The line without its comment.</summary>
    public string Key => $"{Type} {Blob}";

    /// <summary>As <c>ssh-keygen -l</c> prints it.</summary>
    public string Fingerprint => $"SHA256:{Convert.ToBase64String(SHA256.HashData(Convert.FromBase64String(Blob))).TrimEnd('=')}";

    /// <summary>What to mind about this key; empty when nothing.</summary>
    public string Warning => RsaBits is > 0 and < GoodRsaBits ? $"it is an RSA key of {RsaBits} bits; ssh-ed25519, or RSA from {GoodRsaBits} bits, is better" : "";

    public bool IsSameAs(SshPublicKey other) => Type == other?.Type && Blob == other.Blob;

    /// <summary>Reads the content of one .pub file: a key that may be given to somebody. What is refused is never repeated in the reason.</summary>
    public static bool TryRead(string? text, [NotNullWhen(true)] out SshPublicKey? key, out string problem)
    {
        key = null;
        problem = Refuse(text ?? "", out string line);
        if (problem.Length > 0)
        {
            return false;
        }

        string[] words = line.Split([' ', '\t'], 3, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 2 || !SshKeyBlob.Types.Contains(words[0]))
        {
            problem = RefuseType(words);
            return false;
        }

        string comment = words.Length == 3 ? words[2].Trim() : "";
        if (!TryCreate(words[0], words[1], comment, out SshPublicKey? read))
        {
            problem = $"the key behind '{words[0]}' is damaged: copy the whole line of the .pub file";
        }
        else if (comment.Length > LongestComment || comment.Split(' ').Any(word => word.StartsWith(SshMarker.Prefix, StringComparison.Ordinal)))
        {
            problem = $"its comment is longer than {LongestComment} characters or has a word that begins with '{SshMarker.Prefix}'";
        }
        else if (read.RsaBits is > 0 and < LeastRsaBits)
        {
            problem = $"an RSA key of {read.RsaBits} bits is too short; make a new one: ssh-keygen -t ed25519";
        }
        else
        {
            key = read;
        }

        return key is not null;
    }

    /// <summary>From type and base64 as they stand in a line, whatever their strength.</summary>
    public static bool TryCreate(string type, string base64, string comment, [NotNullWhen(true)] out SshPublicKey? key)
    {
        ArgumentNullException.ThrowIfNull(base64);
        byte[] blob = new byte[base64.Length];
        key = Convert.TryFromBase64String(base64, blob, out int length) && SshKeyBlob.TryRead(type, blob.AsSpan(0, length), out int bits)
            ? new SshPublicKey(type, Convert.ToBase64String(blob, 0, length), comment, bits)
            : null;
        return key is not null;
    }

    private static string Refuse(string text, out string line)
    {
        line = text.TrimStart('\uFEFF').Trim(' ', '\t', '\r', '\n');
        if (text.Contains("PRIVATE KEY", StringComparison.Ordinal) || text.Contains("PuTTY-User-Key-File", StringComparison.Ordinal))
        {
            return "this is a private key: it stays with you; give the public half, the file that ends in .pub";
        }

        if (line.Length == 0)
        {
            return "there is no key in it";
        }

        if (line.Contains("SSH2 PUBLIC KEY", StringComparison.Ordinal))
        {
            return "this is a key in the form of RFC 4716; 'ssh-keygen -i -f FILE' prints it as OpenSSH has it";
        }

        return line.Length > LongestText ? "it is far too long for one key"
            : line.Contains('\n', StringComparison.Ordinal) || line.Contains('\r', StringComparison.Ordinal) ? "it has more than one line; give one key at a time"
            : line.Any(c => char.IsControl(c) && c != '\t') ? "it has control characters" : "";
    }

    private static string RefuseType(string[] words) => words switch
    {
        ["ssh-dss", ..] => "ssh-dss keys are broken and no server takes them; make a new one: ssh-keygen -t ed25519",
        [var type, ..] when type.Contains("-cert-v0", StringComparison.Ordinal) => "this is a certificate; give the key it was made for",
        [_, .. var rest] when rest.Any(word => word.Split(' ', '\t').Any(part => SshKeyBlob.Types.Contains(part))) => "something stands before the key's type; options are not taken, give the key alone",
        _ => $"it is not a public key of OpenSSH; it begins with one of {string.Join(", ", SshKeyBlob.Types)}",
    };
}

/// <summary>The last word of the comment of keys that are ours: <c>rpi-agent:ID</c>.</summary>
public static class SshMarker
{
    public const string Prefix = "rpi-agent:";

    /// <summary>1 to 64 of a-z, 0-9, dot, hyphen, underscore; begins with a letter or digit.</summary>
    public static bool IsId(string? id) =>
        id is { Length: >= 1 and <= 64 } && char.IsAsciiLetterOrDigit(id[0]) && id.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '-' or '_');

    /// <summary>Null when the comment's last word is not ours.</summary>
    public static string? IdOf(string comment)
    {
        ArgumentNullException.ThrowIfNull(comment);
        string last = comment.TrimEnd(' ', '\t', '\r') is var trimmed ? trimmed[(trimmed.LastIndexOfAny([' ', '\t']) + 1)..] : "";
        return last.StartsWith(Prefix, StringComparison.Ordinal) && IsId(last[Prefix.Length..]) ? last[Prefix.Length..] : null;
    }
}
