using System.Collections.Immutable;
using System.Text;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Agent.NodeConfig.Interfaces;
using RpiAgent.Agent.NodeConfig.Profiles;
using RpiAgent.Agent.NodeConfig.Wifi;
using Xunit;

namespace RpiAgent.Tests.Unit.NodeConfig;

public class WifiTests
{
    private const string Own = "/etc/NetworkManager/system-connections/rpi-agent-wlan0.nmconnection";
    private static readonly WifiNetwork Home = WifiNetwork.Create("My home", "correct horse", "de", isHidden: false);
    private static readonly AddressWish Wish = AddressWish.Dhcp("wlan0") with { Wifi = Home };

    /// <summary>The vectors of IEEE 802.11 (H.4.3), which wpa_passphrase gives, too.</summary>
    [Theory]
    [InlineData("IEEE", "password", "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e")]
    [InlineData("ThisIsASSID", "ThisIsAPassword", "0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af")]
    [InlineData("ThisIsASSID", "ThisIsAPassword\r\n", "0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af")]
    [InlineData("any", "0DC0D6EB90555ED6419756B9A15EC3E3209B63DF707DD508D14581F8982721AF", "0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af")]
    public void The_key_is_what_WPA2_makes_of_the_passphrase(string ssid, string passphrase, string psk) =>
        Assert.Equal(psk, WifiNetwork.Create(ssid, passphrase, "DE", isHidden: false).Psk);

    [Theory]
    [InlineData("", "12345678", "DE")]
    [InlineData("123456789012345678901234567890123", "12345678", "DE")]
    [InlineData("home", "hunter2", "DE")]
    [InlineData("home", "hunter2hünter", "DE")]
    [InlineData("home", "hunter2hunter", "")]
    [InlineData("home", "hunter2hunter", "00")]
    [InlineData("home", "hunter2hunter", "DEU")]
    public void What_no_radio_takes_is_refused_without_telling_the_passphrase(string ssid, string passphrase, string country)
    {
        RefusalException refused = Assert.Throws<RefusalException>(() => WifiNetwork.Create(ssid, passphrase, country, isHidden: false));
        Assert.Equal(RefusalCodes.BadWifi, refused.Refusal.Code);
        Assert.DoesNotContain("hunter2", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wish_in_words_has_no_key() =>
        Assert.DoesNotContain(Home.Psk, Wish.ToString(), StringComparison.Ordinal);

    [Fact]
    public void NetworkManager_gets_a_profile_and_the_kernel_its_country()
    {
        ProfileChange change = ProfilePlanner.Plan(ProfileState.None with { IsWifi = true }, Wish);
        Assert.Equal([Own, WifiProfile.CountryPath], change.Files.Keys);
        Assert.Equal("options cfg80211 ieee80211_regdom=DE\n", Text(change.Files[WifiProfile.CountryPath]));
        string profile = Text(change.Files[Own]);
        Assert.Contains("type=wifi\n", profile, StringComparison.Ordinal);
        Assert.Contains("ssid=77;121;32;104;111;109;101;\n", profile, StringComparison.Ordinal);
        Assert.Contains($"key-mgmt=wpa-psk\npsk={Home.Psk}\n", profile, StringComparison.Ordinal);
        Assert.DoesNotContain("correct horse", profile, StringComparison.Ordinal);
        ProfileState done = new(Own, change.Files[Own], IsWifi: true, WritesResolver: true) { Country = change.Files[WifiProfile.CountryPath] };
        Assert.Empty(ProfilePlanner.Plan(done, Wish).Files);
    }

    [Theory]
    [InlineData("[connection]\ntype=wifi\n[wifi]\nssid=My home\n[wifi-security]\npsk=correct horse\n[ipv4]\nmethod=auto\n", true)]
    [InlineData("[connection]\ntype=802-11-wireless\n[802-11-wireless]\nssid=77;121;32;104;111;109;101;\n[802-11-wireless-security]\npsk=correct horse\n[ipv4]\nmethod=auto\n", true)]
    [InlineData("[connection]\ntype=wifi\n[wifi]\nssid=My home\n[wifi-security]\npsk=another horse\n[ipv4]\nmethod=auto\n", false)]
    [InlineData("[connection]\ntype=wifi\n[wifi]\nssid=my home\n[wifi-security]\npsk=correct horse\n[ipv4]\nmethod=auto\n", false)]
    public void A_profile_that_joins_the_network_already_is_left_alone(string content, bool isSame) =>
        Assert.Equal(isSame, !ProfilePlanner.Plan(new ProfileState("/etc/x", Encoding.Latin1.GetBytes(content), true, true), Wish).Files.ContainsKey(Own));

    [Fact]
    public void A_profile_of_another_network_keeps_nothing_of_its_radio()
    {
        const string enterprise = "[connection]\ntype=wifi\n\n[wifi]\nssid=Work\nmac-address=00:11:22:33:44:55\n\n[802-1x]\npassword=secret\n\n[wifi-security]\nkey-mgmt=wpa-eap\n\n[ipv4]\nmethod=auto\n";
        string profile = Text(ProfilePlanner.Plan(new ProfileState("/etc/x", Encoding.Latin1.GetBytes(enterprise), true, true), Wish).Files[Own]);
        Assert.DoesNotContain("secret", profile, StringComparison.Ordinal);
        Assert.DoesNotContain("mac-address", profile, StringComparison.Ordinal);
        Assert.DoesNotContain("wpa-eap", profile, StringComparison.Ordinal);
    }

    [Fact]
    public void Ifupdown_gets_a_stanza_that_names_a_file_with_the_key()
    {
        const string before = "allow-hotplug wlan0\niface wlan0 inet dhcp\n  wpa-ssid \"Old\"\n  wpa-psk \"old passphrase\"\n";
        const string after = "allow-hotplug wlan0\niface wlan0 inet dhcp\n  wpa-conf /etc/wpa_supplicant/rpi-agent-wlan0.conf\n";
        Assert.Equal(after, Text(InterfacesPlanner.Plan(Read(before), Wish, null, hasDnsHook: false).Files[InterfacesReader.MainPath]));
        Assert.Empty(InterfacesPlanner.Plan(Read(after), Wish, null, hasDnsHook: false).Files);
        Assert.Empty(InterfacesPlanner.Plan(Read(after), AddressWish.Dhcp("wlan0"), null, hasDnsHook: false).Files);
        string configuration = Text(WpaConfiguration.Render(Home));
        Assert.Contains("country=DE\n", configuration, StringComparison.Ordinal);
        Assert.Contains("ssid=4d7920686f6d65\n", configuration, StringComparison.Ordinal);
        Assert.Contains($"psk={Home.Psk}\n", configuration, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Own)]
    [InlineData("/etc/wpa_supplicant/rpi-agent-wlan0.conf")]
    public void Files_with_keys_are_for_root_only(string path) =>
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, FileOwnership.DefaultOf(path).Mode);

    private static InterfacesModel Read(string main) =>
        InterfacesReader.Read(FileView.OfMemory(ImmutableSortedDictionary<string, byte[]>.Empty.Add(InterfacesReader.MainPath, Encoding.Latin1.GetBytes(main))));

    private static string Text(byte[] content) => Encoding.Latin1.GetString(content);
}
