using System.Text;
using CsCheck;
using RpiAgent.Agent;
using RpiAgent.Agent.Boot.Card;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Identity;
using Xunit;

namespace RpiAgent.Tests.Unit.Boot;

public class BootFileTests
{
    private static readonly string Digest = new('a', 64);
    private static readonly string Token = JoinToken.Create(Digest).Reveal();

    /// <summary>IEEE 802.11, J.4: "IEEE" and "password".</summary>
    private const string KnownKey = "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e";

    private static readonly string Good = $"version: 1\nhostname: pi7\ncoordinator:\n  url: https://192.168.1.2:7444\njoin_token: {Token}\n";

    private const string Full = """
        version: 1
        hostname: pi7
        coordinator: {url: 'https://192.168.1.2:7444', ca_sha256: AA}
        join_token: TOKEN
        wifi:
          country: de
          interfaces:
            wlan0:
              ssid: IEEE
              password: password
              hidden: true
            wlan1: {password: password, ssid_hex: "49454545"}
        network:
          interfaces:
            eth0: {method: static, address: 192.168.1.9/24, gateway: 192.168.1.1, dns: [192.168.1.1, 9.9.9.9]}
            wlan1: {method: static, address: 192.168.2.9/24}
            eth1: {method: dhcp}
        ssh:
          user: pi
          authorized_keys:
            - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJjdNcSu2KtnjL1sXGwc9nCqL7Cq7JqQpWwjlX4vW1bm me@pc
        docker: {opts: [--log-level=warn, --icc=false]}
        labels: {zone: cellar, disk: ssd}
        timezone: Europe/Berlin
        ntp: [de.pool.ntp.org, 192.168.1.1]
        scrub: true

        """;

    private static CardDraft Parse(string text) => BootFile.Parse(Encoding.UTF8.GetBytes(text), BootFile.FileName);

    private static string FullText => Full.Replace("TOKEN", Token, StringComparison.Ordinal).Replace("AA}", $"{Digest.ToUpperInvariant()}}}", StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("\uFEFF")]
    public void A_file_is_read_with_and_without_byte_order_mark(string mark)
    {
        CardDraft file = Parse(mark + Good);
        Assert.Equal(("pi7", new Uri("https://192.168.1.2:7444"), Token), (file.Hostname, file.Coordinator, file.Token?.Reveal()));
    }

    [Fact]
    public void Every_key_is_read()
    {
        CardSettings card = CardSettings.Merge([Parse(FullText)]);
        Assert.Equal(["wlan0", "wlan1", "eth0", "eth1"], card.Addresses.Select(wish => wish.Interface));
        Assert.Equal([KnownKey, KnownKey], card.Addresses.Select(wish => wish.Wifi?.Psk).OfType<string>());
        Assert.Equal(("DE", true), (card.Addresses[0].Wifi?.Country, card.Addresses[0].Wifi?.IsHidden));
        Assert.Equal((AddressMethod.Dhcp, "192.168.2.9", "192.168.1.9", "192.168.1.1"), (card.Addresses[0].Method, card.Addresses[1].Address.ToString(), card.Addresses[2].Address.ToString(), card.Addresses[2].Gateway.ToString()));
        Assert.Equal(("pi", 1), (card.Ssh?.User, card.Ssh?.AuthorizedKeys.Length));
        Assert.Equal(["--log-level=warn", "--icc=false"], card.DockerOptions);
        Assert.Equal("cellar", card.Labels["zone"]);
        Assert.Equal("Europe/Berlin", card.TimeZone);
        Assert.Equal(["de.pool.ntp.org", "192.168.1.1"], card.TimeServers);
        Assert.True(card.ScrubLegacy);
    }

    [Fact]
    public void Windows_line_ends_are_fine() => Assert.Equal("pi7", Parse(Good.Replace("\n", "\r\n")).Hostname);

    [Theory]
    [InlineData("version: 1\nhostnmae: x\n", ":2: unknown key 'hostnmae'; did you mean 'hostname'?")]
    [InlineData("{version: 1, join_token rpi1.secret}\n", ":1: unknown key 'join_token…'; did you mean 'join_token'?")]
    [InlineData("version: 1\nversion: 1\n", ":2: ")]
    [InlineData("version: 1\n\tjoin_token: x\n", ":2: a tab")]
    [InlineData("version: 2\n", "'version: 1'")]
    [InlineData("hostname: a\n", "'version: 1'")]
    [InlineData("version: 1\njoin_token: x\n", ":2: this is not a join token")]
    [InlineData("version: 1\nhostname: Pi_1\n", ":2: host name 'Pi_1' has the character 'P'")]
    [InlineData("version: 1\ncoordinator: {url: 'http://a:1'}\n", ":2: coordinator.url 'http://a:1'")]
    [InlineData("version: 1\ncoordinator: {uri: 'https://a:1'}\n", ":2: unknown key 'uri'; did you mean 'url'?")]
    [InlineData("version: 1\ncoordinator: {ca_sha256: abc}\n", ":2: coordinator.ca_sha256 is not 64")]
    [InlineData("version: 1\nhostname: &a x\n", ":2: anchors")]
    [InlineData("version: 1\nhostname: !x y\n", ":2: tags")]
    [InlineData("version: 1\nhostname: [a]\n", ":2: hostname must be one plain value")]
    [InlineData("version: 1\nhostname:\n", ":2: hostname must be one plain value")]
    [InlineData("version: 1\nwifi: {interfaces: {wlan0: {password: password}}}\n", ":2: wifi.interfaces.wlan0 needs 'ssid:'")]
    [InlineData("version: 1\nwifi: {interfaces: {wlan0: {ssid: a, ssid_hex: '00'}}}\n", ":2: wifi.interfaces.wlan0 needs")]
    [InlineData("version: 1\nwifi: {interfaces: {wlan0: {ssid_hex: 0}}}\n", "pairs of hexadecimal digits")]
    [InlineData("version: 1\nwifi: {interfaces: {wlan0: {ssid: a, password: short}}}\n", ":2: E_BAD_WIFI")]
    [InlineData("version: 1\nnetwork: {interfaces: {eth0: {method: static, address: 192.168.1.300/24}}}\n", ":2: E_BAD_ADDRESS")]
    [InlineData("version: 1\nnetwork: {interfaces: {eth0: {method: dhcp, address: 192.168.1.3/24}}}\n", "go with 'method: static'")]
    [InlineData("version: 1\nnetwork: {interfaces: {lo: {method: dhcp}}}\n", "E_BAD_IFACE")]
    [InlineData("version: 1\nwifi: {country: Germany}\n", ":2: wifi.country 'Germany'")]
    [InlineData("version: 1\nwifi:\n  interfaces:\n    wlan0:\n      ssid: a\n      password: #secret12\n", ":6: wifi.interfaces.wlan0.password is empty; put it in quotes")]
    [InlineData("version: 1\nwifi:\n  interfaces:\n    wlan0:\n      ssid: a\n      password: secret12 #34\n", ":6: behind ' #' all is a comment; put the password in quotes")]
    [InlineData("version: 1\nwifi:\n  interfaces:\n    wlan0:\n      ssid: a\n      password: *secret12\n", ":6: anchors are not allowed here; write the value out, in quotes")]
    [InlineData("version: 1\nwifi:\n  interfaces:\n    wlan0:\n      ssid: a\n      password: @secret12\n", "put a value with special characters in quotes")]
    [InlineData("version: 1\nhostname: a\nhostname: b\n", "remove one of the two")]
    [InlineData("version: 1\ndocker: {opts: ['--a b']}\n", "docker.opts: '--a b'")]
    [InlineData("version: 1\nssh: {user: pi, authorized_keys: [nonsense]}\n", ":2: ssh: authorized_keys, entry 1")]
    [InlineData("version: 1\ntimezone: ../../etc\n", ":2: timezone")]
    [InlineData("version: 1\nntp: [\"a b\"]\n", ":2: ntp: 'a b'")]
    [InlineData("version: 1\nscrub: maybe\n", ":2: scrub must be true or false")]
    [InlineData("version: 1\nssh:\n  : pi\n  user: pi\n", "this is not YAML, here or above")]
    [InlineData("- a\n", "key: value")]
    [InlineData("", "is empty")]
    public void A_bad_file_is_refused_with_place_and_remedy(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<BootFileException>(() => Parse(text)).Message);

    [Fact]
    public void What_a_card_cannot_decide_is_told_and_the_rest_is_taken()
    {
        CardSettings card = CardSettings.Merge([Parse(
            "version: 1\nhostname: a\nconsul: {join: [10.0.0.1]}\ndocker: {opts: '--log-level=warn  --icc=false', tls: true}\nnetwork: {interfaces: {eth0: {method: dhcp, search: lan}}}\n")]);
        Assert.Equal("a", card.Hostname);
        Assert.Equal(["--log-level=warn", "--icc=false"], card.DockerOptions);
        Assert.Equal("eth0", Assert.Single(card.Addresses).Interface);
        Assert.Equal(["consul", "docker.tls", "network.interfaces.eth0.search"], card.Ignored.Select(ignored => ignored.Split(' ')[1]));
    }

    [Fact]
    public void A_digest_alone_lets_the_coordinator_prove_itself() => Assert.Equal(
        Digest, CardSettings.Merge([Parse($"version: 1\ncoordinator: {{url: 'https://10.0.0.1:7444', ca_sha256: {Digest}}}\n")]).AuthorityDigest);

    [Fact]
    public void A_password_in_quotes_may_hold_anything() => Assert.Equal(
        64, Parse("version: 1\nwifi:\n  interfaces:\n    wlan0:\n      ssid: a\n      password: 'secret #12' # mine\n").Radios["wlan0"].Psk.Length);

    [Fact]
    public void A_digest_that_is_not_the_tokens_is_refused() => Assert.Contains(
        "take both from the same cluster",
        Assert.Throws<BootFileException>(() => Parse($"version: 1\njoin_token: {Token}\ncoordinator: {{ca_sha256: {new string('b', 64)}}}\n")).Message);

    [Fact]
    public void A_file_that_is_too_large_or_too_deep_is_refused()
    {
        Assert.Contains("64 KiB", Assert.Throws<BootFileException>(() => Parse(new string('#', 70_000))).Message);
        Assert.Contains("too deep", Assert.Throws<BootFileException>(() => Parse($"version: {new string('[', 30_000)}")).Message);
    }

    [Fact]
    public void A_radio_without_country_is_refused_and_its_password_is_not_in_the_words()
    {
        CardDraft draft = Parse("version: 1\nwifi: {interfaces: {wlan0: {ssid: IEEE, password: password}}}\n");
        string words = Assert.Throws<BootFileException>(() => CardSettings.Merge([draft])).Message;
        Assert.Contains("country", words);
        Assert.DoesNotContain("password", words);
    }

    [Fact]
    public void Secrets_are_shown_as_stars()
    {
        string shown = string.Join('\n', CardSettings.Merge([Parse(FullText)]).Values.Select(value => value.Shown));
        Assert.DoesNotContain(Token, shown);
        Assert.DoesNotContain(KnownKey, shown);
        Assert.Contains("IEEE, password ***", shown);
    }

    [Fact]
    public void Every_damaged_file_is_answered_with_one_message() =>
        Gen.Select(Gen.Int[0, FullText.Length - 1], Gen.Int[0, 30], OneOf("", "\n", ":", "  ", "\t", "[", "{", "\"", "&a ", "*a", "!x ", "|", "- ", "#", "é", "\0", "? ", "---\n", "%YAML 1.1\n"))
            .Select((at, length, put) => string.Concat(FullText.AsSpan(0, at), put, FullText.AsSpan(Math.Min(FullText.Length, at + length))))
            .Sample(Answered, iter: 300);

    private static Gen<string> OneOf(params string[] words) => Gen.Int[0, words.Length - 1].Select(i => words[i]);

    private static bool Answered(string text)
    {
        foreach (string name in (string[])[BootFile.FileName, DeviceInit.FileName, Occidentalis.FileName])
        {
            CardFile file = new(name, name, Encoding.UTF8.GetBytes(text));
            try
            {
                CardSettings.Merge([file.Parse()]);
                CardScrub.Plan(file, new UsedCard("", LegacyToo: true, ["wlan0", "wlan1"]));
            }
            catch (BootFileException e)
            {
                Assert.StartsWith(name, e.Message);
            }
        }

        return true;
    }
}
