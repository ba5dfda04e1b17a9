using System.Globalization;

namespace RpiAgent.Protos;

/// <summary>A network, or a pool of them: 10.201.0.0/16, of 8 to 30 bits. The address may be a host's in it.</summary>
public readonly record struct Ipv4Range(Ipv4 Address, int PrefixLength)
{
    public static bool TryParse(string text, out Ipv4Range range)
    {
        range = default;
        if (text.Split('/') is not [var quad, var length] || !Ipv4.TryParse(quad, out Ipv4 address)
            || !int.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out int prefix) || prefix is < 8 or > 30)
        {
            return false;
        }

        range = new Ipv4Range(address, prefix);
        return true;
    }

    public bool Contains(Ipv4 address) => Overlaps(new Ipv4Range(address, 32));

    public bool Overlaps(Ipv4Range other)
    {
        uint mask = Ipv4.Mask(Math.Min(PrefixLength, other.PrefixLength)).Value;
        return (Address.Value & mask) == (other.Address.Value & mask);
    }

    public override string ToString() => $"{Address}/{PrefixLength}";
}
