using System.Collections.Immutable;
using System.Text;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Agent.NodeConfig.Interfaces;
using Xunit;

namespace RpiAgent.Tests.Unit.NodeConfig;

/// <summary>Files that the main file includes: the stanza is edited where it is, and never made a second time beside one that we do not see.</summary>
public class InterfacesIncludeTests
{
    private const string Folder = "/etc/network/";
    private static readonly AddressWish Wish = AddressWish.Static("eth0", "192.168.1.102/24", "192.168.1.1", ["8.8.8.8"]);
    private static readonly byte[] Dhcp = "auto eth0\niface eth0 inet dhcp\n"u8.ToArray();

    [Theory]
    [InlineData("source /etc/network/b\u00fcro\n")]
    [InlineData("source b\u00fcro\n")]
    [InlineData("source b*\n")]
    public void A_file_with_a_name_in_UTF8_is_found_and_edited(string main)
    {
        InterfacesChange change = Planning.Plan(Tree(Encoding.UTF8.GetBytes(main)).Add(Folder + "b\u00fcro", Dhcp), Wish);
        Assert.Equal([Folder + "b\u00fcro"], change.Files.Keys);
    }

    [Fact]
    public void A_name_that_is_no_UTF8_is_refused_also_where_another_file_includes_it()
    {
        byte[] bad = Encoding.Latin1.GetBytes("auto lo\nsource b\u00fcro\n");
        InterfacesChange inMain = Planning.Plan(Tree(bad), Wish);
        InterfacesChange inOther = Planning.Plan(Tree("source other\n"u8.ToArray()).Add(Folder + "other", bad), Wish);
        Assert.Equal(("E_PARSE", Folder + "interfaces:2"), (inMain.Refusal?.Code, inMain.Refusal?.At));
        Assert.Equal(("E_PARSE", Folder + "other:2"), (inOther.Refusal?.Code, inOther.Refusal?.At));
    }

    [Fact]
    public void A_link_to_nowhere_is_told_and_passed_over_as_ifupdown_does()
    {
        FileView files = FileView.OfMemory(Tree([.. "source interfaces.d/wlan0\n"u8, .. Dhcp])) with { LeadsNowhere = path => path == Folder + "interfaces.d/wlan0" };
        InterfacesChange change = InterfacesPlanner.Plan(InterfacesReader.Read(files), Wish, macAddress: null, hasDnsHook: true);
        Assert.True(change.IsChanged);
        Assert.Contains(change.Warnings, warning => warning.StartsWith("/etc/network/interfaces:1: couldn't open interfaces file \"/etc/network/interfaces.d/wlan0\"", StringComparison.Ordinal));
    }

    [Fact]
    public void Files_that_include_each_other_too_deeply_are_refused()
    {
        ImmutableSortedDictionary<string, byte[]> tree = Tree("source a0\n"u8.ToArray())
            .AddRange(Enumerable.Range(0, 40).Select(i => KeyValuePair.Create($"{Folder}a{i}", Encoding.ASCII.GetBytes($"source a{i + 1}\n"))))
            .Add(Folder + "a40", Dhcp);
        InterfacesChange change = Planning.Plan(tree, Wish);
        Assert.Equal(("E_PARSE", Folder + "a31:1"), (change.Refusal?.Code, change.Refusal?.At));
    }

    [Fact]
    public void Included_paths_without_end_are_refused()
    {
        string main = string.Concat(Enumerable.Range(0, 10_100).Select(i => $"source {i}\n"));
        Assert.Equal("E_PARSE", Planning.Plan(Tree(Encoding.ASCII.GetBytes(main)), Wish).Refusal?.Code);
    }

    /// <summary>ifupdown may find files by them that we do not, and a stanza of ours in these.</summary>
    [Theory]
    [InlineData("source interfaces.d/${X:-b}")]
    [InlineData("source interfaces.d/$((1+1))")]
    [InlineData("source \"interfaces.d/${#X}\"")]
    public void Shell_expressions_are_refused(string line)
    {
        InterfacesChange change = Planning.Plan(Tree(Encoding.ASCII.GetBytes($"auto lo\n{line}\n")), Wish);
        Assert.Equal(("E_PARSE", Folder + "interfaces:2"), (change.Refusal?.Code, change.Refusal?.At));
    }

    [Theory]
    [InlineData("source interfaces.d/$(echo b)")]
    [InlineData("source interfaces.d/`echo b`")]
    [InlineData("source interfaces.d/${}")]
    public void What_wordexp_refuses_is_told_and_has_no_effect(string line)
    {
        InterfacesChange change = Planning.Plan(Tree(Encoding.ASCII.GetBytes($"auto lo\n{line}\n")), Wish);
        Assert.True(change.IsChanged);
        Assert.Contains(change.Warnings, warning => warning.StartsWith("/etc/network/interfaces:2: ifupdown silently ignores this line", StringComparison.Ordinal));
    }

    private static ImmutableSortedDictionary<string, byte[]> Tree(byte[] main) =>
        ImmutableSortedDictionary<string, byte[]>.Empty.Add(InterfacesReader.MainPath, main);
}
