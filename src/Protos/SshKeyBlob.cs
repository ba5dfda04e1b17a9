using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Numerics;
using System.Text;

namespace RpiAgent.Protos;

/// <summary>The inside of a public key (RFC 4253 §6.6, RFC 5656, RFC 8709, OpenSSH's PROTOCOL.u2f): length-prefixed strings, the type first.</summary>
internal ref struct SshKeyBlob
{
    public static readonly FrozenSet<string> Types = FrozenSet.Create(
        StringComparer.Ordinal,
        "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com", "ssh-rsa");

    private ReadOnlySpan<byte> _rest;

    /// <summary>Whether it is a whole key of that type.</summary>
    public static bool TryRead(string type, ReadOnlySpan<byte> blob, out int rsaBits)
    {
        rsaBits = 0;
        SshKeyBlob fields = new() { _rest = blob };
        if (!Types.Contains(type) || !fields.TryNext(out ReadOnlySpan<byte> told) || !told.SequenceEqual(Encoding.ASCII.GetBytes(type)))
        {
            return false;
        }

        bool isKey = type switch
        {
            "ssh-ed25519" => fields.TryNext(out ReadOnlySpan<byte> point) && point.Length == 32,
            "sk-ssh-ed25519@openssh.com" => fields.TryNext(out ReadOnlySpan<byte> point) && point.Length == 32 && fields.TryNext(out _),
            "sk-ecdsa-sha2-nistp256@openssh.com" => fields.IsPoint("nistp256", 65) && fields.TryNext(out _),
            "ecdsa-sha2-nistp256" => fields.IsPoint("nistp256", 65),
            "ecdsa-sha2-nistp384" => fields.IsPoint("nistp384", 97),
            "ecdsa-sha2-nistp521" => fields.IsPoint("nistp521", 133),
            _ => fields.IsRsa(out rsaBits),
        };
        return isKey && fields._rest.IsEmpty;
    }

    private bool IsPoint(string curve, int length) =>
        TryNext(out ReadOnlySpan<byte> name) && name.SequenceEqual(Encoding.ASCII.GetBytes(curve))
        && TryNext(out ReadOnlySpan<byte> point) && point.Length == length && point[0] == 4;

    private bool IsRsa(out int bits)
    {
        bits = 0;
        if (!TryNext(out ReadOnlySpan<byte> exponent) || !TryNext(out ReadOnlySpan<byte> modulus) || exponent.Length is 0 or > 8 || modulus.Length is 0 or > 2049 || modulus[0] > 127)
        {
            return false;
        }

        bits = (int)new BigInteger(modulus, isUnsigned: true, isBigEndian: true).GetBitLength();
        return bits > 0 && (exponent[^1] & 1) == 1;
    }

    private bool TryNext(out ReadOnlySpan<byte> field)
    {
        field = default;
        if (_rest.Length < 4)
        {
            return false;
        }

        uint length = BinaryPrimitives.ReadUInt32BigEndian(_rest);
        if (length > (uint)(_rest.Length - 4))
        {
            return false;
        }

        field = _rest.Slice(4, (int)length);
        _rest = _rest[(4 + (int)length)..];
        return true;
    }
}
