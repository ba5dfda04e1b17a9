using System.Text;
using RpiAgent.Agent.Boot.Card;
using RpiAgent.Coordinator.Cli;
using RpiAgent.Identity;
using RpiAgent.Protos;
using Xunit;

namespace RpiAgent.Tests.Unit.Boot;

/// <summary>What <c>rpictl card prepare</c> writes is what the agent reads.</summary>
public class PreparedCardTests
{
    private static readonly JoinToken Token = JoinToken.Create(new string('a', 64));

    [Fact]
    public void A_prepared_card_is_read_by_the_agent_and_holds_no_passphrase()
    {
        CardText text = new()
        {
            HostName = "pi-7",
            Radio = RpiAgent.Coordinator.Cli.CardRadio.Create("wlan0", Encoding.UTF8.GetBytes("it's: #1 \u00fc"), "pass'word: #", "de", isHidden: true),
            Labels = [("zone", "a: x? ^"), ("on", "true")],
        };
        text.Check();
        string written = text.Render(Token);
        Assert.DoesNotContain("pass'word", written);
        CardSettings card = CardSettings.Merge([BootFile.Parse(Encoding.UTF8.GetBytes(written), BootFile.FileName)]);
        Assert.Equal(("pi-7", null, Token.Reveal()), (card.Hostname, card.Coordinator, card.Token?.Reveal()));
        Assert.Equal(RpiAgent.Agent.NodeConfig.Wifi.WifiNetwork.Create("it's: #1 \u00fc", "pass'word: #", "DE", isHidden: true).Psk, card.Addresses.Single().Wifi!.Psk);
        Assert.Equal(["on=true", "zone=a: x? ^"], card.Labels.Select(label => $"{label.Key}={label.Value}"));
    }

    [Theory]
    [InlineData("Pi_7", "")]
    [InlineData("pi", "http://a:1")]
    [InlineData("123", "")]
    [InlineData("pi", "https://10.0.0.1")]
    public void What_the_Pi_would_refuse_is_refused_here(string name, string url) =>
        Assert.Equal(ExitCodes.Usage, Assert.Throws<CliFailure>(new CardText { HostName = name, Url = url }.Check).ExitCode);

    [Fact]
    public void Odd_labels_radios_and_users_are_refused_here_too()
    {
        Assert.Contains("given twice", Refused(new CardText { Labels = [("a", "1"), ("a", "2")] }), StringComparison.Ordinal);
        Assert.Contains("no expression could ask for the label zone=it's", Refused(new CardText { Labels = [("zone", "it's")] }), StringComparison.Ordinal);
        Assert.Contains("'role' is known from the node itself", Refused(new CardText { Labels = [("role", "x")] }), StringComparison.Ordinal);
        Assert.Contains("'wlan 0'", Refused(new CardText { Radio = RpiAgent.Coordinator.Cli.CardRadio.Create("wlan 0", [97], "password", "DE", isHidden: false) }), StringComparison.Ordinal);
        Assert.Contains("'Pi'", Refused(new CardText { SshUser = "Pi", SshKeys = ["ssh-ed25519 AAAA"] }), StringComparison.Ordinal);
        new CardText { SshUser = "Pi", Url = "https://10.0.0.1:443" }.Check();

        static string Refused(CardText text) => Assert.Throws<CliFailure>(text.Check).Message;
    }

    [Fact]
    public void Only_boot_partitions_and_empty_folders_are_written_and_no_other_clusters_file_nor_a_persons()
    {
        string folder = Directory.CreateTempSubdirectory("card").FullName;
        CardTarget target = CardTarget.Open(folder, force: false);
        Assert.False(target.IsPartition);
        target.RefuseOther(Token.AuthorityDigest);
        target.Write(new CardText().Render(Token));
        Assert.False(CardTarget.Open(folder, force: false).IsPartition);
        File.WriteAllText(Path.Join(folder, "letter.txt"), "");
        Assert.Equal(ExitCodes.Refused, Assert.Throws<CliFailure>(() => CardTarget.Open(folder, force: false)).ExitCode);
        File.WriteAllText(Path.Join(folder, "config.txt"), "");
        Assert.True(CardTarget.Open(folder, force: false).IsPartition);

        target.RefuseOther(Token.AuthorityDigest);
        Assert.Throws<CliFailure>(() => target.RefuseOther(new string('b', 64)));
        CardTarget.Open(folder, force: true).RefuseOther(new string('b', 64));
        File.WriteAllText(target.Path, "version: 1\n");
        Assert.Throws<CliFailure>(() => target.RefuseOther(Token.AuthorityDigest));
        File.WriteAllText(target.Path, $"version: 1\njoin_token: {Token.Reveal()}\nntp: [192.168.1.1]\n");
        Assert.Contains("not made by this command", Assert.Throws<CliFailure>(() => target.RefuseOther(Token.AuthorityDigest)).Message, StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void A_line_separator_in_a_text_is_refused() =>
        Assert.Throws<CliFailure>(() => new CardText { SshUser = "pi", SshKeys = ["ssh-ed25519 AAAA a \u2028 b"] }.Render(Token));
}
