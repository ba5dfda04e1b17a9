using System.Collections.Immutable;

namespace RpiAgent.Agent.NodeConfig.Interfaces;

/// <summary>What a person should look at although the change is made.</summary>
internal static class InterfacesWarnings
{
    public const string NoDnsHook = "dns-nameservers has no effect by itself: neither resolvconf's nor systemd-resolved's hook is in /etc/network/if-up.d; /etc/resolv.conf is what counts";

    /// <summary>Where /etc/resolv.conf is a file that we write, the DHCP client of another interface writes it again.</summary>
    public static IEnumerable<string> OtherDhcp(InterfacesModel model, AddressWish wish) =>
        from stanza in model.Stanzas
        where stanza.Name != wish.Interface && stanza is { Family: "inet", Method: "dhcp" or "bootp" }
        select $"{stanza.Header}: {stanza.Name} gets its address by DHCP, and its client replaces the name servers in /etc/resolv.conf with those it is given; 'supersede domain-name-servers' of dhclient.conf(5) keeps it from that";

    public static ImmutableArray<string> Collect(InterfacesModel model, AddressWish wish, IfaceStanza? stanza, bool hasDnsHook) =>
    [
        .. model.Warnings,
        .. model.Errors.SelectMany(Lost),
        .. StrayWords(model),
        .. NoScripts(model, wish),
        .. OldAddress(stanza, wish),
        .. UselessDns(wish, hasDnsHook),
    ];

    /// <summary>The line that ifupdown itself prints, and then what follows from it.</summary>
    private static string[] Lost(ParseError error)
    {
        string[] parts = error.Message.Split("; ", 2);
        return [$"{error.At}: {parts[0]}", string.Join("; ", [$"{error.At}: ifup ignores the rest of this file", .. parts[1..]])];
    }

    private static IEnumerable<string> StrayWords(InterfacesModel model) =>
        from list in model.Lists
        from name in list.Names.Distinct(StringComparer.Ordinal)
        where name[0] is '#' or '\\'
        select $"{list.At}: '{ConfigText.Show(name)}' on this line is read as an interface name; put comments on a line of their own";

    private static IEnumerable<string> NoScripts(InterfacesModel model, AddressWish wish) =>
        from list in model.Lists
        where list.Keyword == "no-scripts" && list.Names.Any(pattern => Glob.Matches(pattern, wish.Interface))
        select $"{list.At}: no-scripts: no hook runs for {wish.Interface}, so dns-nameservers has no effect";

    private static IEnumerable<string> OldAddress(IfaceStanza? stanza, AddressWish wish)
    {
        IfaceOption[] options = stanza is null ? [] : [.. stanza.Options];
        HashSet<string> old = [.. options.Where(option => option.Name == "address").Select(option => option.Value.Split('/')[0])];
        old.Remove(wish.Address.ToString());
        return from command in options
               where command.Name is "pre-up" or "up" or "down" or "post-down"
               let named = Addresses(command.Value).FirstOrDefault(old.Contains)
               where named is not null
               select $"{command.At}: '{command.Name} {ConfigText.Show(command.Value)}' still names the old address {named}";
    }

    /// <summary>Whatever has only digits and dots.</summary>
    private static IEnumerable<string> Addresses(string command)
    {
        for (int start = 0, end; start < command.Length; start = end + 1)
        {
            end = start;
            while (end < command.Length && (char.IsAsciiDigit(command[end]) || command[end] == '.'))
            {
                end++;
            }

            yield return command[start..end];
        }
    }

    private static IEnumerable<string> UselessDns(AddressWish wish, bool hasDnsHook) =>
        wish.Dns.IsEmpty || hasDnsHook ? [] : [NoDnsHook];
}
