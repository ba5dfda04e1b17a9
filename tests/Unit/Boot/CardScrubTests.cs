using System.Text;
using RpiAgent.Agent.Boot.Card;
using RpiAgent.Identity;
using Xunit;

namespace RpiAgent.Tests.Unit.Boot;

public class CardScrubTests
{
    private const string Device = "wifi:\n  interfaces:\n    wlan0:\n      ssid: a\n      password: secretsecret\n", Occi = "wifi_ssid=a\r\nWIFI_PASSWORD=secret\r\n";
    private const string DeviceLeft = "wifi:\n  interfaces:\n    wlan0:\n      ssid: a\n      # password: used, and taken away by rpi-agent\n";
    private static readonly JoinToken Used = JoinToken.Create(new string('a', 64));
    private static readonly string Token = Used.Reveal();
    private static readonly UsedCard All = new(Used.Hash, LegacyToo: true, ["wlan0"]);

    private static ScrubbedFile Plan(string name, string text, UsedCard? used = null) => CardScrub.Plan(new CardFile(name, name, Encoding.UTF8.GetBytes(text)), used ?? All);

    private static string Left(string name, string text, UsedCard? used = null) => Encoding.UTF8.GetString(Plan(name, text, used).Without);

    [Theory]
    [InlineData("version: 1\njoin_token: TOKEN\nhostname: a # \u00fc\n", "version: 1\n# join_token: used, and taken away by rpi-agent\nhostname: a # \u00fc\n")]
    [InlineData("# \u00fc\r\njoin_token : 'TOKEN' # TOKEN\r\nversion: 1\r\n", "# \u00fc\r\n# join_token: used, and taken away by rpi-agent\r\nversion: 1\r\n")]
    [InlineData("\uFEFFversion: 1\njoin_token: TOKEN", "\uFEFFversion: 1\n# join_token: used, and taken away by rpi-agent")]
    [InlineData("version: 1\njoin_token:\n  TOKEN\n", "version: 1\n# join_token: used, and taken away by rpi-agent\n")]
    [InlineData("version: 1\n? join_token\n: TOKEN\n", "version: 1\n# join_token: used, and taken away by rpi-agent\n")]
    [InlineData("{version: 1, join_token: TOKEN}\n", "{version: 1}\n")]
    [InlineData("{join_token: TOKEN , version: 1}\n", "{version: 1}\n")]
    [InlineData("version: 1\nwifi: {interfaces: {wlan0: {ssid: a, password: 'secret''secret', hidden: true}}}\n", "version: 1\nwifi: {interfaces: {wlan0: {ssid: a, hidden: true}}}\n")]
    [InlineData("version: 1\nwifi:\n  interfaces:\n    wlan0:\n      ssid: a\n      password: 'secretsecret' # secretsecret\n", "version: 1\nwifi:\n  interfaces:\n    wlan0:\n      ssid: a\n      # password: used, and taken away by rpi-agent\n")]
    [InlineData("version: 1\njoin_token: |\n  TOKEN\nhostname: a\n", "version: 1\nhostname: a\n")]
    [InlineData("# my old one: TOKEN, keep\nversion: 1\njoin_token: TOKEN\n", "# my old one: , keep\nversion: 1\n# join_token: used, and taken away by rpi-agent\n")]
    public void Secrets_are_overwritten_and_then_gone_and_all_else_stays(string text, string left)
    {
        string written = text.Replace("TOKEN", Token, StringComparison.Ordinal);
        ScrubbedFile scrubbed = Plan(BootFile.FileName, written);
        Assert.Equal(left, Encoding.UTF8.GetString(scrubbed.Without));
        string filler = Encoding.UTF8.GetString(scrubbed.Filler);
        Assert.Equal(Encoding.UTF8.GetByteCount(written), scrubbed.Filler.Length);
        Assert.DoesNotContain(Used.Secret, filler);
        Assert.DoesNotContain("secret", filler);
        Assert.True(Plan(BootFile.FileName, left).IsClean);
        BootFile.Parse(scrubbed.Without, BootFile.FileName);
    }

    /// <summary>The power goes while the filler is written: of two sectors either one may be the new one.</summary>
    [Theory]
    [InlineData("version: 1\njoin_token: TOKEN\nhostname: a\n")]
    [InlineData("version: 1\r\njoin_token: 'TOKEN' # TOKEN\r\n# TOKEN\r\n")]
    [InlineData("{version: 1, join_token: \"TOKEN\"}\n")]
    [InlineData("version: 1\njoin_token: >-\n  TOKEN\n")]
    public void After_a_power_cut_at_any_byte_the_rest_is_taken_out(string text)
    {
        byte[] before = Encoding.UTF8.GetBytes(text.Replace("TOKEN", Token, StringComparison.Ordinal)), filler = Plan(BootFile.FileName, Encoding.UTF8.GetString(before)).Filler;
        for (int at = 0; at <= before.Length; at++)
        {
            foreach (byte[] torn in (byte[][])[[.. filler[..at], .. before[at..]], [.. before[..at], .. filler[at..]]])
            {
                string left = Left(BootFile.FileName, Encoding.UTF8.GetString(torn));
                Assert.False(Enumerable.Range(0, Used.Secret.Length - 7).Any(i => left.Contains(Used.Secret.Substring(i, 8), StringComparison.Ordinal)), left);
                Assert.DoesNotContain("join_token: .", left, StringComparison.Ordinal);
                BootFile.Parse(Encoding.UTF8.GetBytes(left), BootFile.FileName);
            }
        }
    }

    [Fact]
    public void In_a_file_that_is_no_YAML_the_token_is_found_and_the_passwords_are_in_doubt()
    {
        string text = $"version: 1\nhostname a\njoin_token: {Token}\nwifi: {{interfaces: {{wlan0: {{ssid: a, password: secretsecret}}}}}}\n";
        ScrubbedFile scrubbed = Plan(BootFile.FileName, text);
        Assert.DoesNotContain(Used.Secret, Encoding.UTF8.GetString(scrubbed.Without), StringComparison.Ordinal);
        Assert.Contains("# join_token: used", Encoding.UTF8.GetString(scrubbed.Without), StringComparison.Ordinal);
        Assert.Contains($"{BootFile.FileName}:", scrubbed.Doubt, StringComparison.Ordinal);
        Assert.Null(Plan(BootFile.FileName, text, All with { Radios = [] }).Doubt);
    }

    [Fact]
    public void Secrets_that_were_not_used_stay()
    {
        string other = $"version: 1\njoin_token: {JoinToken.Create(new string('a', 64)).Reveal()}\n";
        Assert.True(Plan(BootFile.FileName, other).IsClean);
        string two = $"version: 1\njoin_token: {Token}\nwifi: {{country: DE, interfaces: {{wlan0: {{ssid: a, password: password1}}, wlan1: {{ssid: b, password: password2}}}}}}\n";
        Assert.Contains("password1", Left(BootFile.FileName, two, All with { Radios = ["wlan1"] }), StringComparison.Ordinal);
        Assert.DoesNotContain("password2", Left(BootFile.FileName, two, All with { Radios = ["wlan1"] }), StringComparison.Ordinal);
        Assert.Equal(Device, Left(DeviceInit.FileName, Device, All with { Radios = [] }));
        Assert.Equal(Occi, Left(Occidentalis.FileName, Occi, All with { Radios = ["wlan1"] }));
    }

    [Fact]
    public void A_file_without_secrets_is_left_alone() => Assert.True(Plan(BootFile.FileName, "version: 1\n# join_token: x\n# and so on ...\n").IsClean);

    [Fact]
    public void Passwords_of_the_older_files_go_only_when_asked_for()
    {
        Assert.True(Plan(DeviceInit.FileName, Device, All with { LegacyToo = false }).IsClean);
        Assert.True(Plan(Occidentalis.FileName, Occi, All with { LegacyToo = false }).IsClean);
        Assert.Equal(DeviceLeft, Left(DeviceInit.FileName, Device));
        Assert.Equal("wifi_ssid=a\r\n# wifi_password used, and taken away by rpi-agent\r\n", Left(Occidentalis.FileName, Occi));
    }
}
