using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace RpiAgent.Protos;

/// <summary>
/// An IPv4 address read strictly: four decimal numbers 0–255 without leading zeros.
/// <c>System.Net.IPAddress</c> also takes <c>192.168.102</c>, <c>0300.1.1.1</c> and <c>1</c>.
/// </summary>
public readonly record struct Ipv4(uint Value) : IComparable<Ipv4>
{
    public static bool TryParse([NotNullWhen(true)] string? text, out Ipv4 address)
    {
        address = default;
        if (text is null)
        {
            return false;
        }

        string[] parts = text.Split('.');
        if (parts.Length != 4)
        {
            return false;
        }

        uint value = 0;
        foreach (string part in parts)
        {
            if (part.Length is 0 or > 3 || (part.Length > 1 && part[0] == '0') || !part.All(char.IsAsciiDigit))
            {
                return false;
            }

            uint octet = uint.Parse(part, CultureInfo.InvariantCulture);
            if (octet > 255)
            {
                return false;
            }

            value = (value << 8) | octet;
        }

        address = new Ipv4(value);
        return true;
    }

    /// <exception cref="FormatException">Not a strict dotted quad.</exception>
    public static Ipv4 Parse(string text) =>
        TryParse(text, out Ipv4 address) ? address : throw new FormatException($"'{text}' is not an IPv4 address (four numbers 0-255, e.g. 192.168.1.102)");

    /// <summary>The mask of a prefix length 0–32.</summary>
    public static Ipv4 Mask(int prefixLength) =>
        new(prefixLength == 0 ? 0 : uint.MaxValue << (32 - prefixLength));

    public System.Net.IPAddress ToIPAddress()
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, Value);
        return new System.Net.IPAddress(bytes);
    }

    public int CompareTo(Ipv4 other) => Value.CompareTo(other.Value);
    public override string ToString() => $"{Value >> 24}.{(Value >> 16) & 255}.{(Value >> 8) & 255}.{Value & 255}";
    public static bool operator <(Ipv4 left, Ipv4 right) => left.CompareTo(right) < 0;
    public static bool operator >(Ipv4 left, Ipv4 right) => left.CompareTo(right) > 0;
    public static bool operator <=(Ipv4 left, Ipv4 right) => left.CompareTo(right) <= 0;
    public static bool operator >=(Ipv4 left, Ipv4 right) => left.CompareTo(right) >= 0;
}
