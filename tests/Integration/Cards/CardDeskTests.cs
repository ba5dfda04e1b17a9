using RpiAgent.Agent.Boot;
using RpiAgent.Agent.Boot.Card;
using RpiAgent.Agent.Enrolment;
using RpiAgent.Agent.Status;
using RpiAgent.Identity;
using RpiAgent.Protos;
using RpiAgent.Tests.Integration.Support;
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
    public async Task What_cannot_be_taken_off_is_warned_of_with_every_status()
    {
        _bench.Put(FilePath, $"version: 1\nhostname a\njoin_token: {Token.Reveal()}\n");
        Used.Save(_bench.Options);
        StatusBoard board = new("n1", () => "10.0.0.1", () => default, TimeProvider.System);
        using CardWatch watch = new(_bench.Desk, board, TimeProvider.System);
        await watch.StartAsync(Cancel);
        await Eventually.HoldsAsync(() => board.Now().Warnings.Any(warning => warning.StartsWith("token still on the boot partition: rpi-agent.yaml:", StringComparison.Ordinal)), TimeSpan.FromSeconds(10));
        await watch.StopAsync(Cancel);
    }

    /// <summary>From a card in a fresh Pi to the order to join, and what is left of it afterwards.</summary>
    [Fact]
    public async Task A_card_becomes_an_order_and_what_of_it_was_used_is_on_disk_before_it_is()
    {
        _bench.Put(FilePath, $"version: 1\nhostname: attic\ncoordinator: {{url: 'https://10.0.0.1:7444'}}\njoin_token: {Token.Reveal()}\nlabels: {{zone: a}}\ntimezone: Mars/Base\nscrub: true\n");
        EnrolmentOrder order = await _bench.Order.PrepareAsync(_ => { }, CancellationToken.None, Cancel);
        Assert.Equal(("https://10.0.0.1:7444/", Token.Reveal(), "attic", "a", false), (order.Coordinator.ToString(), order.JoinToken, order.WishedName, order.Labels["zone"], order.IsFound));
        Assert.Equal("attic\n", _bench.Get("/etc/hostname"));
        Assert.Contains("this system knows no Mars/Base", _bench.Get(ErrorPath), StringComparison.Ordinal);
        UsedCard used = UsedCard.Load(_bench.Options)!;
        Assert.Equal((Token.Hash, true, 0, false), (used.TokenHash, used.LegacyToo, used.Radios.Length, used.IsScrubbed));

        // While it has brought no identity, a power cut must not cost it.
        Assert.Null(await _bench.Desk.ScrubAsync(Cancel));
        Assert.Contains(Token.Secret, _bench.Get(FilePath), StringComparison.Ordinal);
        _bench.Put("/var/lib/rpi-agent/identity/node.pem", "certificate");
        await _bench.Order.DoneAsync(Cancel);
        Assert.DoesNotContain(Token.Secret, _bench.Get(FilePath), StringComparison.Ordinal);
        Assert.True(File.Exists(_bench.Options.Under(ErrorPath)), "what could not be done stays told");
        await _bench.Order.ForgetAsync(Cancel);
        Assert.False(File.Exists(_bench.Options.Under(ErrorPath)));
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
    public async Task The_status_names_the_file_of_each_value_and_shows_no_secret()
    {
        _bench.Put(FilePath, $"version: 1\nhostname: a\njoin_token: {Token.Reveal()}\nwifi: {{country: DE}}\n");
        _bench.Put($"{Boot}/{DeviceInit.FileName}", "wifi: {interfaces: {wlan0: {ssid: home, password: password}}}\nruncmd: [reboot]\n");
        using StringWriter words = new();
        Assert.Equal(ExitCodes.Ok, await StatusCommand.RunAsync(_bench.Options, words, TestContext.Current.CancellationToken));
        string said = words.ToString();
        Assert.Contains("not enrolled", said, StringComparison.Ordinal);
        Assert.Contains("hostname: a  (rpi-agent.yaml)", said, StringComparison.Ordinal);
        Assert.Contains("wifi.interfaces.wlan0: home, password ***  (device-init.yaml)", said, StringComparison.Ordinal);
        Assert.Contains("ignored: device-init.yaml: runcmd is not executed", said, StringComparison.Ordinal);
        Assert.DoesNotContain(Token.Secret, said, StringComparison.Ordinal);

        _bench.Put(FilePath, "version: 1\nhostnmae: a\n");
        using StringWriter refused = new();
        Assert.Equal(ExitCodes.Configuration, await StatusCommand.RunAsync(_bench.Options, refused, TestContext.Current.CancellationToken));
        Assert.Contains("rpi-agent.yaml:2", refused.ToString(), StringComparison.Ordinal);
    }
}
