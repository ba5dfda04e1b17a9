using System.Collections.Immutable;
using System.Text;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Agent.NodeConfig.Interfaces;
using Xunit;

namespace RpiAgent.Tests.Unit.NodeConfig;

/// <summary>The rules of the rewrite, beyond the acceptance cases.</summary>
public class InterfacesRuleTests
{
    private static readonly AddressWish Wish = AddressWish.Static("eth0", "192.168.1.102/24", "192.168.1.1", ["8.8.8.8"]);
    private const string Block = "    address 192.168.1.102\n    netmask 255.255.255.0\n    gateway 192.168.1.1\n    dns-nameservers 8.8.8.8\n";

    [Theory]
    [InlineData("mapping eth*\n  script /bin/true\nauto eth0\niface eth0 inet dhcp\n", "E_MAPPED", "/etc/network/interfaces:1")]
    [InlineData("auto /eth*=home\niface eth0 inet dhcp\n", "E_LOGICAL", "/etc/network/interfaces:1")]
    [InlineData("auto /+(eth)0=home\niface eth0 inet dhcp\n", "E_LOGICAL", "/etc/network/interfaces:1")]
    [InlineData("rename /@(eth0|eth1)=lan\niface eth0 inet dhcp\n", "E_RENAMED", "/etc/network/interfaces:1")]
    [InlineData("rename eth0=lan\niface eth0 inet dhcp\n", "E_RENAMED", "/etc/network/interfaces:1")]
    [InlineData("auto br0\niface br0 inet dhcp\n bridge_ports eth0\n", "E_ENSLAVED", "/etc/network/interfaces:3")]
    [InlineData("iface br0 inet dhcp\n bridge_ports all\n", "E_ENSLAVED", "/etc/network/interfaces:2")]
    [InlineData("iface br0 inet dhcp\n bridge-ports regex eth.*\n", "E_ENSLAVED", "/etc/network/interfaces:2")]
    [InlineData("iface br0 inet dhcp\n bridge_ports regex usb.* eth.*\n", "E_ENSLAVED", "/etc/network/interfaces:2")]
    [InlineData("mapping eth[[:digit:]]\n script /bin/x\niface eth0 inet dhcp\n", "E_MAPPED", "/etc/network/interfaces:1")]
    [InlineData("iface base inet static\n address 10.0.0.1/8\niface eth0 inet static inherits base\n", "E_INHERIT_CONFLICT", "/etc/network/interfaces:3")]
    [InlineData("iface eth0 inet manual\n wpa-roam /etc/wpa.conf\n", "E_WPA_ROAM", "/etc/network/interfaces:2")]
    [InlineData("iface eth0 inet ppp\n", "E_METHOD", "/etc/network/interfaces:1")]
    [InlineData("mapping eth1\n script a\n script b\n", "E_PARSE", "/etc/network/interfaces:3")]
    [InlineData("iface eth0 inet dhcp\n mtu\n", "E_PARSE", "/etc/network/interfaces:2")]
    [InlineData("iface eth0 inet inherits\n", "E_PARSE", "/etc/network/interfaces:1")]
    [InlineData("template x\n", "E_PARSE", "/etc/network/interfaces:1")]
    public void What_is_not_ours_to_set_is_refused_with_its_place(string before, string code, string at)
    {
        InterfacesChange change = Plan(before);
        Assert.Equal((code, at), (change.Refusal?.Code, change.Refusal?.At));
    }

    [Theory]
    [InlineData("mapping eth*\n  script /bin/true\niface eth0 inet dhcp\n", "'mapping eth*'")]
    [InlineData("rename eth0=lan\niface eth0 inet dhcp\n", "'rename eth0=lan'")]
    public void The_line_that_takes_the_interface_away_is_shown(string before, string line) =>
        Assert.Contains(line, Plan(before).Refusal!.Message, StringComparison.Ordinal);

    [Fact]
    public void A_bridge_of_other_interfaces_does_not_matter() =>
        Assert.Null(Plan("iface br0 inet dhcp\n bridge_ports regex usb.* noregex eth.*\n").Refusal);

    [Theory]
    [InlineData("no-scripts eth*\nauto eth0\niface eth0 inet dhcp\n", "no-scripts", true)]
    [InlineData("no-scripts /eth*\nauto eth0\niface eth0 inet dhcp\n", "no-scripts", false)]
    [InlineData("auto eth0\niface eth0 inet static\n address 10.0.0.2/8\n up ip route add 10.0.0.20 via 10.0.0.2\n", "old address 10.0.0.2", true)]
    [InlineData("auto eth0\niface eth0 inet static\n address 10.0.0.2/8\n up ip route add 10.0.0.20 via 10.0.0.1\n", "old address 10.0.0.2", false)]
    [InlineData("auto eth0 #\u00c3\u00bc\niface eth0 inet dhcp\n", "'#\u00fc'", true)]
    [InlineData("auto eth0\niface eth0 inet dhcp b\u00c3\u00bcro\n", "ignored: b\u00fcro", true)]
    [InlineData("auto eth0\niface eth0 inet static\n address 10.0.0.2/8\n up say \u00c3\u00bc 10.0.0.2\n", "say \u00fc 10.0.0.2", true)]
    public void What_a_person_should_look_at_is_told(string before, string words, bool isTold) =>
        Assert.Equal(isTold, Plan(before).Warnings.Any(warning => warning.Contains(words, StringComparison.Ordinal)));

    [Theory]
    [InlineData("eth[[:digit:]]", "eth0", true)]
    [InlineData("eth[[:digit:]]", "etha", false)]
    [InlineData("eth[![:digit:]]", "etha", true)]
    [InlineData("[[:alpha:]_-]*", "wlan0", true)]
    [InlineData("a[]b]c", "a]c", true)]
    [InlineData("a[[:nonsense:]]", "an", false)]
    [InlineData("a[[:", "a[[:", true)]
    public void Patterns_are_those_of_fnmatch(string pattern, string name, bool matches) => Assert.Equal(matches, Glob.Matches(pattern, name));

    [Fact]
    public void A_header_that_is_the_last_line_without_a_line_feed_gets_one() =>
        Assert.Equal("auto eth0\niface eth0 inet static\n" + Block, After("auto eth0\niface eth0 inet dhcp"));

    [Fact]
    public void A_header_that_asks_for_a_missing_continuation_does_not_swallow_the_options() =>
        Assert.Equal("auto eth0\niface eth0 inet static \\\n\n" + Block, After("auto eth0\niface eth0 inet dhcp \\\n"));

    [Fact]
    public void A_word_split_over_two_lines_is_replaced_whole() =>
        Assert.Equal("auto eth0\niface eth0 inet static\n" + Block, After("auto eth0\niface eth0 inet dh\\\ncp\n"));

    [Fact]
    public void A_pattern_that_is_not_worked_out_does_not_count_as_enabling() =>
        Assert.Equal("auto /+(wl)*\nauto eth0\niface eth0 inet static\n" + Block, After("auto /+(wl)*\niface eth0 inet dhcp\n"));

    [Fact]
    public void A_removed_option_goes_with_its_continuations() =>
        Assert.Equal("auto eth0\niface eth0 inet static\n" + Block + "    mtu 9000\n", After("auto eth0\niface eth0 inet static\n    dns-nameservers 1.1.1.1 \\\n   9.9.9.9\n    mtu 9000\n"));

    [Fact]
    public void Options_of_the_old_method_go_and_those_of_others_stay() =>
        Assert.Equal("auto eth0\niface eth0 inet static\n" + Block + "    server x\n", After("auto eth0\niface eth0 inet dhcp\n    hostname pi\n    client id\n    server x\n"));

    [Fact]
    public void An_option_that_is_set_where_it_is_not_yet_counts_as_the_option() =>
        Assert.Equal("auto eth0\niface eth0 inet static\n" + Block + "    mtu? 9000\n", After("auto eth0\niface eth0 inet static\n    address? 10.0.0.2/8\n    gateway? 10.0.0.1\n    mtu? 9000\n"));

    [Fact]
    public void To_dhcp_the_options_of_other_methods_stay()
    {
        InterfacesChange change = Planning.Plan(Tree("auto eth0\niface eth0 inet static\n\taddress 10.0.0.2\n\tnetmask 8\n\thostname pi\n"), AddressWish.Dhcp("eth0"));
        Assert.Equal("auto eth0\niface eth0 inet dhcp\n\thostname pi\n", Text(change.Files[InterfacesReader.MainPath]));
    }

    [Theory]
    [InlineData("\taddress 192.168.1.102\n\tnetmask 24\n\tgateway 192.168.1.1\n\tdns-nameservers 8.8.8.8\n")]
    [InlineData("\tgateway 192.168.1.1\n\taddress 192.168.1.102/24\n\tdns-nameserver 8.8.8.8\n\tmtu 1500\n")]
    public void What_is_so_already_is_left_alone(string options) =>
        Assert.False(Plan("auto eth0=eth0\niface eth0 inet static\n" + options).IsChanged);

    [Fact]
    public void An_error_in_another_included_file_is_a_warning()
    {
        InterfacesChange change = Planning.Plan(
            Tree("source interfaces.d/*\nauto eth0\niface eth0 inet dhcp\n").Add("/etc/network/interfaces.d/wlan0", "mtu 3\niface wlan0 inet dhcp\n"u8.ToArray()), Wish);
        Assert.Null(change.Refusal);
        Assert.Contains("/etc/network/interfaces.d/wlan0:1: misplaced option", change.Warnings);
        Assert.Contains(change.Warnings, warning => warning.StartsWith("/etc/network/interfaces.d/wlan0:1: ifup ignores the rest of this file; it belongs under", StringComparison.Ordinal));
    }

    [Fact]
    public void An_error_that_hides_our_stanza_of_another_family_is_a_warning()
    {
        InterfacesChange change = Planning.Plan(
            Tree("source interfaces.d/*\n").Add("/etc/network/interfaces.d/eth0", "mtu 3\niface eth0 inet6 auto\n"u8.ToArray()), Wish);
        Assert.Null(change.Refusal);
        Assert.Equal("source interfaces.d/*\n\nauto eth0\niface eth0 inet static\n" + Block, Text(change.Files[InterfacesReader.MainPath]));
        Assert.Contains("/etc/network/interfaces.d/eth0:1: misplaced option", change.Warnings);
    }

    /// <summary>As ifquery 0.8.41 reads it: an option without a name.</summary>
    [Fact]
    public void A_stanzas_line_that_begins_with_a_continuation_is_an_option() =>
        Assert.Equal("auto eth0\niface eth0 inet static\n" + Block.Replace("    ", "", StringComparison.Ordinal) + "\\\n mtu 3\n", After("auto eth0\niface eth0 inet dhcp\n\\\n mtu 3\n"));

    [Fact]
    public void An_error_that_hides_our_stanza_is_a_refusal()
    {
        InterfacesChange change = Planning.Plan(
            Tree("source-directory interfaces.d\n").Add("/etc/network/interfaces.d/eth0", "mtu 3\niface eth0 inet dhcp\n"u8.ToArray()), Wish);
        Assert.Equal(("E_PARSE", "/etc/network/interfaces.d/eth0:1"), (change.Refusal?.Code, change.Refusal?.At));
    }

    [Fact]
    public void Files_with_a_dot_are_not_in_a_source_directory()
    {
        InterfacesChange change = Planning.Plan(
            Tree("source-directory interfaces.d\n").Add("/etc/network/interfaces.d/eth0.bak", "auto eth0\niface eth0 inet dhcp\n"u8.ToArray()), Wish);
        Assert.Equal([InterfacesReader.MainPath], change.Files.Keys);
    }

    [Fact]
    public void Files_that_include_each_other_are_read_once()
    {
        InterfacesChange change = Planning.Plan(
            Tree("source a\nauto eth0\niface eth0 inet dhcp\n").Add("/etc/network/a", "source interfaces\nsource /etc/network/a\n"u8.ToArray()), Wish);
        Assert.Null(change.Refusal);
    }

    [Fact]
    public void Commands_that_name_the_old_address_are_told() =>
        Assert.Contains(
            Plan("auto eth0\niface eth0 inet static\n address 10.0.0.2/8\n up ip rule add from 10.0.0.2 table 5\n").Warnings,
            warning => warning.StartsWith("/etc/network/interfaces:4:", StringComparison.Ordinal));

    [Fact]
    public void A_command_that_names_several_old_addresses_is_told_once() =>
        Assert.Equal(
            300,
            Plan("auto eth0\niface eth0 inet static\n" + string.Concat(Enumerable.Repeat(" address 10.0.0.2/8\n address 10.0.0.3\n up x 10.0.0.2 10.0.0.3\n", 300)))
                .Warnings.Count(warning => warning.Contains("old address 10.0.0.2", StringComparison.Ordinal)));

    [Fact]
    public void A_long_line_of_ancestors_is_walked_once()
    {
        string chain = string.Concat(Enumerable.Range(1, 6_000).Select(i => $"iface a{i} inet manual inherits a{i - 1}\n"));
        InterfacesChange change = Plan("iface a0 inet manual\n bridge_ports none\n" + chain + "auto eth0\niface eth0 inet dhcp\n");
        Assert.True(change.IsChanged, change.Refusal?.ToString());
    }

    [Theory]
    [InlineData("iface base inet manual\n bridge_ports eth0\niface br0 inet manual inherits base\n", "/etc/network/interfaces:2")]
    [InlineData("iface base inet manual\n bond-master bond0\niface eth0 inet manual inherits base\n", "/etc/network/interfaces:2")]
    [InlineData("iface eth0 inet manual\n bridge_ports eth0\niface br0 inet manual inherits eth0\n", "/etc/network/interfaces:2")]
    public void What_a_stanza_inherits_enslaves_as_its_own_does(string before, string at)
    {
        InterfacesChange change = Plan(before);
        Assert.Equal(("E_ENSLAVED", at), (change.Refusal?.Code, change.Refusal?.At));
    }

    [Fact]
    public void Expressions_without_end_are_taken_to_match()
    {
        string expressions = string.Join(' ', Enumerable.Range(0, 20_000).Select(i => $"x{i}"));
        Assert.Equal("E_ENSLAVED", Plan($"iface br0 inet dhcp\n bridge_ports regex {expressions}\n").Refusal?.Code);
    }

    [Fact]
    public void Files_of_more_than_256_KiB_together_are_refused()
    {
        string comments = string.Concat(Enumerable.Repeat("# a comment\n", 11_000));
        Assert.True(Plan(comments + "iface eth0 inet dhcp\n").IsChanged);
        InterfacesChange change = Planning.Plan(Tree(comments + "source more\n").Add("/etc/network/more", Encoding.ASCII.GetBytes(comments)), Wish);
        Assert.Equal(("E_PARSE", "/etc/network/more:1"), (change.Refusal?.Code, change.Refusal?.At));
    }

    [Fact]
    public void Bytes_that_are_no_text_survive()
    {
        byte[] before = [.. "# caf"u8, 0xE9, 0xFF, .. "\nauto eth0\niface eth0 inet dhcp\n"u8];
        InterfacesChange change = Planning.Plan(ImmutableSortedDictionary<string, byte[]>.Empty.Add(InterfacesReader.MainPath, before), Wish);
        Assert.Equal([.. before[..18], .. "iface eth0 inet static\n"u8, .. Encoding.ASCII.GetBytes(Block)], change.Files[InterfacesReader.MainPath]);
    }

    private static InterfacesChange Plan(string before) => Planning.Plan(Tree(before), Wish);

    private static string After(string before) => Text(Plan(before).Files[InterfacesReader.MainPath]);

    private static string Text(byte[] content) => Encoding.Latin1.GetString(content);

    private static ImmutableSortedDictionary<string, byte[]> Tree(string main) =>
        ImmutableSortedDictionary<string, byte[]>.Empty.Add(InterfacesReader.MainPath, Encoding.Latin1.GetBytes(main));
}
