using System.Text;
using RpiAgent.Agent.Boot.Card;
using RpiAgent.Agent.NodeConfig;
using Xunit;

namespace RpiAgent.Tests.Unit.Boot;

public class LegacyFileTests
{
    private const string Device = """
        hostname: black-pearl
        wifi:
          interfaces:
            wlan0:
              ssid: "Hypriot"
              password: "secret-secret"
            wlan1:
        docker:
          images: ["/boot/a.tar.gz"]
        clusterlab: {service: {run_on_boot: "true"}}
        runcmd: [reboot]

        """;

    private static CardFile Card(string name, string text) => new(name, name, Encoding.UTF8.GetBytes(text));

    [Fact]
    public void Of_device_init_only_name_and_radios_are_taken_and_the_rest_is_told()
    {
        CardDraft draft = Card(DeviceInit.FileName, Device).Parse();
        Assert.Equal(("black-pearl", "wlan0", 64), (draft.Hostname, draft.Radios.Single().Key, draft.Radios["wlan0"].Psk.Length));
        Assert.Equal(
            ["device-init.yaml: docker.images are not loaded", "device-init.yaml: clusterlab is not started", "device-init.yaml: runcmd is not executed"],
            draft.Ignored);
    }

    [Theory]
    [InlineData("# hostname: x\n")]
    [InlineData("hostname:\nwifi:\n  interfaces:\n#   wlan0:\n")]
    [InlineData("")]
    public void A_device_init_with_all_commented_out_says_nothing(string text) =>
        Assert.Empty(CardSettings.Merge([Card(DeviceInit.FileName, text).Parse()]).Values);

    [Theory]
    [InlineData("hostname=pi-3\r\nwifi_ssid=a b \r\nwifi_password=pass=word\"1\r\n", "pi-3", "a b ", 64)]
    [InlineData("HostName=pi-1\nhostname=pi-2\n", "pi-2", null, 0)]
    [InlineData(" hostname=pi-1\nhostname =pi-1\n# hostname=x\nnonsense\nhost-name=x\n", null, null, 0)]
    [InlineData("wifi_ssid=open\n", null, "open", 0)]
    public void Occidentalis_is_read_as_occi_does(string text, string? hostname, string? ssid, int keyLength)
    {
        CardDraft draft = Card(Occidentalis.FileName, text).Parse();
        CardRadio? radio = draft.Radios.GetValueOrDefault("wlan0");
        Assert.Equal((hostname, ssid, keyLength), (draft.Hostname, radio is null ? null : Encoding.UTF8.GetString(radio.Ssid.AsSpan()), radio?.Psk.Length ?? 0));
    }

    [Fact]
    public void Occidentalis_has_no_encoding_of_its_own()
    {
        CardDraft draft = new CardFile(Occidentalis.FileName, Occidentalis.FileName, [.. "# caf\u00e9\nHostname=Kitchen-1\nwifi_ssid=caf\u00e9\n".Select(c => (byte)c)]).Parse();
        Assert.Equal("kitchen-1", draft.Hostname);
        Assert.Equal([.. "caf"u8, 0xe9], draft.Radios["wlan0"].Ssid);
    }

    [Fact]
    public void A_script_in_device_init_may_hold_tabs() =>
        Assert.Equal("pi-1", Card(DeviceInit.FileName, "hostname: Pi-1\nruncmd:\n  - |\n    if true; then\n    \techo\n    fi\n").Parse().Hostname);

    [Fact]
    public void A_radio_of_an_older_file_without_a_country_holds_nothing_else_up()
    {
        CardSettings card = CardSettings.Merge([Card(Occidentalis.FileName, "hostname=pi-1\nwifi_ssid=a\nwifi_password=password\n").Parse()]);
        Assert.Equal("pi-1", card.Hostname);
        Assert.Empty(card.Addresses);
        Assert.Contains("no country", Assert.Single(card.Ignored), StringComparison.Ordinal);

        // Neither an address that the boot file has for it.
        CardDraft own = Card(BootFile.FileName, "version: 1\nnetwork: {interfaces: {wlan0: {method: static, address: 192.168.1.5/24}}}\n").Parse();
        AddressWish address = Assert.Single(CardSettings.Merge([own, Card(Occidentalis.FileName, "wifi_ssid=a\nwifi_password=password\n").Parse()]).Addresses);
        Assert.Equal(("192.168.1.5", null), (address.Address.ToString(), address.Wifi));
        Assert.Throws<BootFileException>(() => CardSettings.Merge([Card(BootFile.FileName, "version: 1\nwifi: {interfaces: {wlan0: {ssid: a, password: password}}}\n").Parse()]));
    }

    [Fact]
    public void The_country_that_the_system_knows_is_taken_when_the_card_names_none()
    {
        CardDraft draft = Card(Occidentalis.FileName, "wifi_ssid=a\nwifi_password=password\n").Parse();
        Assert.Equal("AT", Assert.Single(CardSettings.Merge([draft], "AT").Addresses).Wifi?.Country);
        Assert.Equal("DE", Assert.Single(CardSettings.Merge([Card(BootFile.FileName, "version: 1\nwifi: {country: DE}\n").Parse(), draft], "AT").Addresses).Wifi?.Country);
    }

    [Theory]
    [InlineData("ctrl_interface=DIR=/var/run/wpa_supplicant GROUP=netdev\ncountry=at\nnetwork={\n}\n", "AT")]
    [InlineData("# REGDOMAIN=XX\nREGDOMAIN=DE\n", "DE")]
    [InlineData("console=tty1 root=/dev/mmcblk0p2 cfg80211.ieee80211_regdom=GB quiet\n", "GB")]
    [InlineData("# country=US\nREGDOMAIN=\n", "")]
    public void Where_the_radio_is_stands_in_the_files_of_the_system(string text, string country) => Assert.Equal(country, SystemCountry.Find(text));

    [Theory]
    [InlineData("# x\nwifi_ssid=a\nwifi_password=short\n", "occidentalis.txt:3: E_BAD_WIFI")]
    [InlineData("# x\nhostname=my_pi\n", "occidentalis.txt:2: ")]
    public void A_fault_in_occidentalis_is_told_with_its_line(string text, string place) =>
        Assert.StartsWith(place, Assert.Throws<BootFileException>(() => CardSettings.Merge([Card(Occidentalis.FileName, text).Parse()])).Message, StringComparison.Ordinal);

    [Fact]
    public void A_fault_in_a_value_that_does_not_count_is_only_told()
    {
        CardSettings card = CardSettings.Merge(
        [
            Card(BootFile.FileName, "version: 1\nhostname: pi-1\nwifi: {country: DE, interfaces: {wlan0: {ssid: a, password: password}}}\n").Parse(),
            Card(DeviceInit.FileName, "hostname: my_pi\nwifi: {interfaces: {wlan0: {ssid: b, password: short}}}\n").Parse(),
        ]);
        Assert.Equal(("pi-1", "wlan0"), (card.Hostname, Assert.Single(card.Addresses).Interface));
        Assert.Equal(2, card.Ignored.Count(ignored => ignored.EndsWith("a more important file counts", StringComparison.Ordinal)));
        Assert.Throws<BootFileException>(() => CardSettings.Merge([Card(DeviceInit.FileName, "hostname: my_pi\n").Parse()]));
    }

    [Fact]
    public void Anchors_and_tags_are_legal_in_device_init() =>
        Assert.Equal("pi", Card(DeviceInit.FileName, "hostname: &h !!str pi\nruncmd: [*h]\n").Parse().Hostname);

    [Fact]
    public void A_radio_without_a_password_is_told() =>
        Assert.Contains("wlan0 has no password", Assert.Single(CardSettings.Merge([Card(BootFile.FileName, "version: 1\nwifi: {country: DE, interfaces: {wlan0: {ssid: a}}}\n").Parse()]).Ignored), StringComparison.Ordinal);

    [Fact]
    public void Keys_unknown_to_occidentalis_are_told() =>
        Assert.Equal(["occidentalis.txt: 'wifi_country' is ignored"], Card(Occidentalis.FileName, "wifi_country=DE\n").Parse().Ignored);

    [Fact]
    public void Each_key_is_of_the_most_important_file_that_has_it()
    {
        CardSettings card = CardSettings.Merge(
        [
            Card(BootFile.FileName, "version: 1\nwifi: {country: DE}\n").Parse(),
            Card(DeviceInit.FileName, "wifi: {interfaces: {wlan0: {ssid: device, password: password1}}}\n").Parse(),
            Card(Occidentalis.FileName, "hostname=occi\nwifi_ssid=occi\nwifi_password=password2\n").Parse(),
        ]);
        Assert.Equal(
            ["hostname occi occidentalis.txt", "wifi.country DE rpi-agent.yaml", "wifi.interfaces.wlan0 device, password *** device-init.yaml"],
            card.Values.Select(value => $"{value.Key} {value.Shown} {value.Source}"));
        Assert.Equal("device", Encoding.UTF8.GetString(card.Addresses.Single().Wifi!.Ssid.AsSpan()));
    }
}
