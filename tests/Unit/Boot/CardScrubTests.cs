using System.Text;
using RpiAgent.Agent.Boot.Card;
using RpiAgent.Identity;
using Xunit;

namespace RpiAgent.Tests.Unit.Boot;

public class CardScrubTests
{
    private static readonly string Token = JoinToken.Create(new string('a', 64)).Reveal();

    private static ScrubbedFile? Plan(string name, string text, bool legacyToo = false) => CardScrub.Plan(new CardFile(name, name, Encoding.UTF8.GetBytes(text)), legacyToo);

    [Theory]
    [InlineData("version: 1\njoin_token: TOKEN\nhostname: a # \u00fc\n", "version: 1\n# join_token: used, and taken away by rpi-agent\nhostname: a # \u00fc\n")]
    [InlineData("# \u00fc\r\njoin_token : 'TOKEN' # TOKEN\r\nversion: 1\r\n", "# \u00fc\r\n# join_token: used, and taken away by rpi-agent\r\nversion: 1\r\n")]
    [InlineData("\uFEFFversion: 1\njoin_token: TOKEN", "\uFEFFversion: 1\n# join_token: used, and taken away by rpi-agent")]
    [InlineData("version: 1\njoin_token:\n  TOKEN\n", "version: 1\n# join_token: used, and taken away by rpi-agent\n")]
    [InlineData("{version: 1, join_token: TOKEN}\n", "{version: 1}\n")]
    [InlineData("{join_token: TOKEN , version: 1}\n", "{version: 1}\n")]
    [InlineData("version: 1\nwifi: {interfaces: {wlan0: {ssid: a, password: 'secret''secret', hidden: true}}}\n", "version: 1\nwifi: {interfaces: {wlan0: {ssid: a, hidden: true}}}\n")]
    [InlineData("version: 1\nwifi:\n  interfaces:\n    wlan0:\n      ssid: a\n      password: secretsecret\n", "version: 1\nwifi:\n  interfaces:\n    wlan0:\n      ssid: a\n      # password: used, and taken away by rpi-agent\n")]
    [InlineData("version: 1\njoin_token: |\n  TOKEN\nhostname: a\n", "version: 1\nhostname: a\n")]
    public void Secrets_are_overwritten_and_then_gone_and_all_else_stays(string text, string left)
    {
        string written = text.Replace("TOKEN", Token, StringComparison.Ordinal);
        ScrubbedFile scrubbed = Plan(BootFile.FileName, written)!;
        Assert.Equal(left, Encoding.UTF8.GetString(scrubbed.Without));
        string filler = Encoding.UTF8.GetString(scrubbed.Filler);
        Assert.Equal(Encoding.UTF8.GetByteCount(written), scrubbed.Filler.Length);
        Assert.DoesNotContain(Token, filler);
        Assert.DoesNotContain("secret", filler);
        Assert.Null(Plan(BootFile.FileName, Encoding.UTF8.GetString(scrubbed.Without)));
        BootFile.Parse(scrubbed.Without, BootFile.FileName);
    }

    [Fact]
    public void A_file_without_secrets_is_left_alone() => Assert.Null(Plan(BootFile.FileName, "version: 1\n# join_token: x\n"));

    [Fact]
    public void Passwords_of_the_older_files_go_only_when_asked_for()
    {
        const string device = "wifi:\n  interfaces:\n    wlan0:\n      ssid: a\n      password: secretsecret\n", occi = "wifi_ssid=a\r\nWIFI_PASSWORD=secret\r\n";
        Assert.Null(Plan(DeviceInit.FileName, device));
        Assert.Null(Plan(Occidentalis.FileName, occi));
        Assert.Equal("wifi:\n  interfaces:\n    wlan0:\n      ssid: a\n      # password: used, and taken away by rpi-agent\n", Encoding.UTF8.GetString(Plan(DeviceInit.FileName, device, legacyToo: true)!.Without));
        Assert.Equal("wifi_ssid=a\r\n# wifi_password used, and taken away by rpi-agent\r\n", Encoding.UTF8.GetString(Plan(Occidentalis.FileName, occi, legacyToo: true)!.Without));
    }
}
