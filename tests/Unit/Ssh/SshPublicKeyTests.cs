using System.Buffers.Binary;
using System.Text;
using CsCheck;
using RpiAgent.Protos;
using Xunit;

namespace RpiAgent.Tests.Unit.Ssh;

public class SshPublicKeyTests
{
    public static TheoryData<string, byte[]> Taken => new()
    {
        { "ssh-ed25519", Keys.Blob("ssh-ed25519", new byte[32]) },
        { "sk-ssh-ed25519@openssh.com", Keys.Blob("sk-ssh-ed25519@openssh.com", new byte[32], "ssh:"u8.ToArray()) },
        { "ecdsa-sha2-nistp256", Keys.Blob("ecdsa-sha2-nistp256", "nistp256"u8.ToArray(), Keys.Point(65)) },
        { "ecdsa-sha2-nistp384", Keys.Blob("ecdsa-sha2-nistp384", "nistp384"u8.ToArray(), Keys.Point(97)) },
        { "ecdsa-sha2-nistp521", Keys.Blob("ecdsa-sha2-nistp521", "nistp521"u8.ToArray(), Keys.Point(133)) },
        { "sk-ecdsa-sha2-nistp256@openssh.com", Keys.Blob("sk-ecdsa-sha2-nistp256@openssh.com", "nistp256"u8.ToArray(), Keys.Point(65), "ssh:"u8.ToArray()) },
        { "ssh-rsa", Keys.Rsa(3072) },
        { "ssh-rsa", Keys.Rsa(2048) },
    };

    [Theory]
    [MemberData(nameof(Taken))]
    public void A_whole_key_of_a_good_type_is_taken(string type, byte[] blob)
    {
        string line = $"{type} {Convert.ToBase64String(blob)} alice@laptop";
        Assert.True(SshPublicKey.TryRead(line + "\r\n", out SshPublicKey? key, out string problem), problem);
        Assert.Equal(line, key.Line);
        Assert.False(SshPublicKey.TryRead($"{type} {Convert.ToBase64String(blob[..^1])}", out _, out _));
        Assert.False(SshPublicKey.TryRead($"{type} {Convert.ToBase64String([.. blob, 0])}", out _, out _));
    }

    [Theory]
    [InlineData("", "no key")]
    [InlineData("-----BEGIN OPENSSH PRIVATE KEY-----\nsecret\n-----END OPENSSH PRIVATE KEY-----\n", "private key")]
    [InlineData("-----BEGIN RSA PRIVATE KEY-----", "private key")]
    [InlineData("PuTTY-User-Key-File-3: ssh-ed25519\nsecret", "private key")]
    [InlineData("ssh-dss AAAAB3NzaC1kc3MAAACB", "ssh-dss")]
    [InlineData("ssh-ed25519-cert-v01@openssh.com AAAA", "certificate")]
    [InlineData("---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n", "RFC 4716")]
    [InlineData("secret", "not a public key")]
    [InlineData("ssh-ed25519 secret", "damaged")]
    public void What_is_no_public_key_is_refused_and_not_repeated(string text, string why)
    {
        Assert.False(SshPublicKey.TryRead(text, out _, out string problem));
        Assert.Contains(why, problem, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void One_key_alone_is_taken_without_options_marks_and_control_characters()
    {
        string line = Keys.Ed25519(1).Line;
        Assert.False(SshPublicKey.TryRead($"{line}\n{line}\n", out _, out string twice));
        Assert.Contains("more than one line", twice, StringComparison.Ordinal);
        Assert.False(SshPublicKey.TryRead($"command=\"true\" {line}", out _, out string options));
        Assert.Contains("options", options, StringComparison.Ordinal);
        Assert.False(SshPublicKey.TryRead($"{line} \0", out _, out _));
        Assert.False(SshPublicKey.TryRead($"{line} rpi-agent:bob", out _, out _));
    }

    [Fact]
    public void The_length_of_an_RSA_key_is_read_from_the_key_itself()
    {
        Assert.True(SshPublicKey.TryRead($"ssh-rsa {Convert.ToBase64String(Keys.Rsa(2048))}", out SshPublicKey? weak, out _));
        Assert.Equal(2048, weak.RsaBits);
        Assert.Contains("2048 bits", weak.Warning, StringComparison.Ordinal);
        Assert.True(SshPublicKey.TryRead($"ssh-rsa {Convert.ToBase64String(Keys.Rsa(3072))}", out SshPublicKey? good, out _));
        Assert.Empty(good.Warning);
        Assert.False(SshPublicKey.TryRead($"ssh-rsa {Convert.ToBase64String(Keys.Rsa(1024))}", out _, out string problem));
        Assert.Contains("1024 bits", problem, StringComparison.Ordinal);
    }

    /// <summary>The fingerprint ssh-keygen -l prints for this key.</summary>
    [Fact]
    public void The_fingerprint_is_that_of_ssh_keygen()
    {
        Assert.True(SshPublicKey.TryRead("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl", out SshPublicKey? github, out _));
        Assert.Equal("SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU", github.Fingerprint);
    }

    [Fact]
    public void No_text_makes_the_reader_fail() =>
        Gen.Select(Keys.OneOf("", "ssh-ed25519 ", "ssh-rsa ", "ecdsa-sha2-nistp256 "), Gen.String[0, 60], Gen.Byte.Array[0, 80])
            .Sample((type, text, blob) =>
            {
                bool plain = SshPublicKey.TryRead(type + text, out _, out string why) == (why.Length == 0);
                return plain && SshPublicKey.TryRead(type + Convert.ToBase64String(blob), out _, out why) == (why.Length == 0);
            });
}

/// <summary>Keys for tests.</summary>
internal static class Keys
{
    public static SshPublicKey Ed25519(byte seed, string comment = "") =>
        SshPublicKey.TryRead($"ssh-ed25519 {Convert.ToBase64String(Blob("ssh-ed25519", [.. Enumerable.Repeat(seed, 32)]))} {comment}", out SshPublicKey? key, out string problem) ? key : throw new FormatException(problem);

    public static byte[] Blob(string type, params byte[][] fields) => [.. new[] { Encoding.ASCII.GetBytes(type) }.Concat(fields).SelectMany(Field)];

    public static byte[] Point(int length) => [4, .. new byte[length - 1]];

    public static byte[] Rsa(int bits) => Blob("ssh-rsa", [1, 0, 1], [0, 0x80, .. new byte[bits / 8 - 1]]);

    public static Gen<string> OneOf(params string[] words) => Gen.Int[0, words.Length - 1].Select(at => words[at]);

    private static byte[] Field(byte[] content)
    {
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, content.Length);
        return [.. length, .. content];
    }
}
