using System.Collections.Immutable;
using System.Globalization;
using RpiAgent.Agent.NodeConfig.Wifi;
using RpiAgent.Protos;

namespace RpiAgent.Agent.NodeConfig.Interfaces;

/// <summary>Whether a stanza already says what is wished, however it is written (CIDR, dotted mask or bits).</summary>
internal static class AddressComparison
{
    private static readonly char[] Blanks = [' ', '\t', '\n', '\v', '\f', '\r'];

    public static bool IsSame(IfaceStanza stanza, AddressWish wish)
    {
        string[] dns = [.. stanza.Options.Where(option => option.Name is "dns-nameserver" or "dns-nameservers").SelectMany(option => Words(option.Value))];
        if (!dns.SequenceEqual(wish.Dns.Select(server => server.ToString()), StringComparer.Ordinal))
        {
            return false;
        }

        IfaceOption[] radio = [.. stanza.Options.Where(option => InterfacesRewriter.IsRadio(option.Name))];
        if (wish.Wifi is not null && !(radio is [{ Name: WpaConfiguration.Option } conf] && conf.Value == WpaConfiguration.PathOf(wish.Interface)))
        {
            return false;
        }

        string[] gateway = [.. Values(stanza, "gateway").SelectMany(Words)];
        if (wish.Method == AddressMethod.Dhcp)
        {
            return stanza.Method == "dhcp" && gateway.Length == 0 && Values(stanza, "address").IsEmpty && Values(stanza, "netmask").IsEmpty;
        }

        bool sameGateway = wish.Gateway is { } router ? gateway is [var text] && text == router.ToString() : gateway.Length == 0;
        return stanza.Method == "static" && sameGateway
            && Values(stanza, "address") is [var address] && IsSameAddress(address, Values(stanza, "netmask"), wish);
    }

    private static bool IsSameAddress(string text, ImmutableArray<string> netmasks, AddressWish wish)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        string address = slash < 0 ? text : text[..slash];
        string[] prefixes = [.. slash < 0 ? [] : new[] { text[(slash + 1)..] }, .. netmasks];
        return address == wish.Address.ToString()
            && prefixes.Length > 0 && netmasks.Length <= 1
            && prefixes.All(prefix => prefix == wish.PrefixLength.ToString(CultureInfo.InvariantCulture) || prefix == wish.Netmask.ToString());
    }

    private static ImmutableArray<string> Values(IfaceStanza stanza, string name) =>
        [.. stanza.Options.Where(option => option.Name == name).Select(option => option.Value)];

    private static string[] Words(string value) => value.Split(Blanks, StringSplitOptions.RemoveEmptyEntries);
}
