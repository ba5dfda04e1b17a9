using RpiAgent.Agent.Boot;
using RpiAgent.Agent.Boot.Card;
using RpiAgent.Identity;
using RpiAgent.Protos;
using Xunit;

namespace RpiAgent.Tests.Integration.Cards;

/// <summary>What is left on the card, and what the daemon says of it, in a folder that stands for the Pi's root.</summary>
public sealed class CardDeskTests : IDisposable
{
    private const string Boot = "/boot/firmware", FilePath = $"{Boot}/{BootFile.FileName}", ErrorPath = $"{Boot}/{CardWriter.ErrorName}";
    private static readonly JoinToken Token = JoinToken.Create(new string('a', 64));
    private static readonly UsedCard Used = new(Token.Hash, LegacyToo: true, ["wlan0"]);
    private readonly CardBench _bench = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task A_used_token_goes_and_so_does_a_persons_copy_of_it_later()
    {
        string written = $"version: 1\nhostname: a\njoin_token: {Token.Reveal()}\n";
        _bench.Put(FilePath, written);
        Assert.Null(await _bench.Desk.ScrubAsync(Cancel));
        Assert.Equal(written, _bench.Get(FilePath));

        Used.Save(_bench.Options);
        Assert.Null(await _bench.Desk.ScrubAsync(Cancel));
        Assert.DoesNotContain(Token.Secret, _bench.Get(FilePath), StringComparison.Ordinal);
        Assert.True(UsedCard.Load(_bench.Options)!.IsScrubbed);

        _bench.Put(FilePath, written);
        Assert.Null(await _bench.Desk.ScrubAsync(Cancel));
        Assert.DoesNotContain(Token.Secret, _bench.Get(FilePath), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Passwords_of_the_older_files_go_after_a_power_cut_too()
    {
        _bench.Put($"{Boot}/{Occidentalis.FileName}", "wifi_ssid=a\nwifi_password=password\n");
        Used.Save(_bench.Options);
        Assert.Null(await _bench.Desk.ScrubAsync(Cancel));
        Assert.DoesNotContain("password=", _bench.Get($"{Boot}/{Occidentalis.FileName}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_card_that_can_no_longer_be_read_is_in_doubt_until_it_can()
    {
        _bench.Put(FilePath, $"version: 1\nhostname a\njoin_token: {Token.Reveal()}\n");
        Used.Save(_bench.Options);
        Assert.Contains(BootFile.FileName, await _bench.Desk.ScrubAsync(Cancel), StringComparison.Ordinal);
        Assert.DoesNotContain(Token.Secret, _bench.Get(FilePath), StringComparison.Ordinal);
        _bench.Put(FilePath, "version: 1\nhostname: a\n");
        Assert.Null(await _bench.Desk.ScrubAsync(Cancel));
        Assert.True(UsedCard.Load(_bench.Options)!.IsScrubbed);
    }

    [Fact]
    public void A_file_by_a_wrong_name_is_told()
    {
        string before = _bench.Desk.Hash();
        _bench.Put($"{FilePath}.txt", "version: 1\n");
        Assert.NotEqual(before, _bench.Desk.Hash());
        Assert.Contains("rpi-agent.yaml.txt: the file must be called rpi-agent.yaml", Assert.Throws<BootFileException>(_bench.Desk.Read).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_order_that_systemd_runs_outside_does_the_same()
    {
        _bench.Put(FilePath, $"version: 1\njoin_token: {Token.Reveal()}\n");
        Assert.Equal(ExitCodes.Ok, Order("tell\nno\nsuch network\n"));
        Assert.Contains("no\r\nsuch network", _bench.Get(ErrorPath), StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Ok, Order("clear\n"));
        Assert.False(File.Exists(_bench.Options.Under(ErrorPath)));
        Assert.Equal(ExitCodes.Ok, Order($"scrub\n{Used.Render()}"));
        Assert.DoesNotContain(Token.Secret, _bench.Get(FilePath), StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, Order("nonsense\n"));

        int Order(string text) => CardFileCommand.Run(_bench.Options, new StringReader(text), TextWriter.Null);
    }

    [Fact]
    public void The_status_names_the_file_of_each_value_and_shows_no_secret()
    {
        _bench.Put(FilePath, $"version: 1\nhostname: a\njoin_token: {Token.Reveal()}\nwifi: {{country: DE}}\n");
        _bench.Put($"{Boot}/{DeviceInit.FileName}", "wifi: {interfaces: {wlan0: {ssid: home, password: password}}}\nruncmd: [reboot]\n");
        using StringWriter words = new();
        Assert.Equal(ExitCodes.Ok, StatusCommand.Run(_bench.Options, words));
        string said = words.ToString();
        Assert.Contains("not enrolled", said, StringComparison.Ordinal);
        Assert.Contains("hostname: a  (rpi-agent.yaml)", said, StringComparison.Ordinal);
        Assert.Contains("wifi.interfaces.wlan0: home, password ***  (device-init.yaml)", said, StringComparison.Ordinal);
        Assert.Contains("ignored: device-init.yaml: runcmd is not executed", said, StringComparison.Ordinal);
        Assert.DoesNotContain(Token.Secret, said, StringComparison.Ordinal);

        _bench.Put(FilePath, "version: 1\nhostnmae: a\n");
        using StringWriter refused = new();
        Assert.Equal(ExitCodes.Configuration, StatusCommand.Run(_bench.Options, refused));
        Assert.Contains("rpi-agent.yaml:2", refused.ToString(), StringComparison.Ordinal);
    }
}
