using RpiAgent.Agent;
using RpiAgent.Agent.Ssh;
using RpiAgent.Protos;
using Xunit;

namespace RpiAgent.Tests.Unit.Ssh;

public class SshdSettingsTests
{
    private static readonly Account Pi = new("pi", 1000, 1000, "/home/pi", "/bin/bash");

    [Fact]
    public void Keys_go_to_the_first_file_in_the_users_home()
    {
        KeyFilePlace place = SshdSettings.Parse("port 22\nauthorizedkeysfile /etc/ssh/keys/%u .ssh/authorized_keys %h/more/%U%%\nstrictmodes no\n").PlaceFor(Pi)!;
        Assert.Equal(("pi", "/home/pi", ".ssh/authorized_keys"), (place.RunAs, place.Base, place.File));
        Assert.Equal(["more/1000%"], place.OtherFiles);
    }

    [Fact]
    public void A_file_outside_the_home_is_written_by_root()
    {
        KeyFilePlace place = SshdSettings.Parse("authorizedkeysfile /etc/ssh/keys/%u\n").PlaceFor(Pi)!;
        Assert.Equal(("root", "/", "etc/ssh/keys/pi"), (place.RunAs, place.Base, place.File));
        Assert.Null(SshdSettings.Parse("authorizedkeysfile none\n").PlaceFor(Pi));
    }

    [Fact]
    public void An_sshd_that_does_not_answer_is_not_one_with_the_usual_settings()
    {
        Assert.Same(SshdSettings.Default, SshdSettings.Read(new CommandResult("sshd -T", CommandRunner.NotFound, "", "sshd is not installed")).Answer);
        Assert.Equal(["2222"], SshdSettings.Read(new CommandResult("sshd -T", 0, "port 2222\n", "")).Answer!.Ports);
        foreach (CommandResult failed in new[] { new CommandResult("sshd -T", 255, "", "Missing privilege separation directory: /run/sshd\r\n"), new CommandResult("sshd -T", CommandRunner.TimedOut, "", "no end within 30 s") })
        {
            Asked<SshdSettings> asked = SshdSettings.Read(failed);
            Assert.Null(asked.Answer);
            Assert.StartsWith("E_SSH_FILE", asked.Refusal, StringComparison.Ordinal);
            Assert.EndsWith(failed.Error.Trim(), asked.Refusal, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_user_who_cannot_be_looked_up_is_not_one_who_is_gone()
    {
        Assert.Equal("pi", Account.Read(new CommandResult("getent", 0, "pi:x:1000:1000::/home/pi:/bin/bash\n", "")).Answer?.Name);
        Assert.Equal(Asked<Account>.Of(null), Account.Read(new CommandResult("getent", 2, "", "")));
        Assert.StartsWith("E_SSH_USER", Account.Read(new CommandResult("getent", CommandRunner.TimedOut, "", "no end within 30 s")).Refusal, StringComparison.Ordinal);
        Assert.StartsWith("E_SSH_USER", Account.Read(new CommandResult("getent", 0, "pi:x:1000:1000:::\n", "")).Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_moves_to_another_user_is_there_before_it_is_gone_here()
    {
        SavedKeys saved = new() { Cluster = [new UserKeys("pi", [new OrderedKey("ann", "k")])], Touched = ["ann", "pi"] };
        Assert.Equal(["pi", "ann"], saved.InOrder.Select(user => user.Key));
    }

    [Fact]
    public async Task A_damaged_note_of_the_keys_does_not_keep_an_order_out()
    {
        AgentOptions options = new() { Root = Directory.CreateTempSubdirectory("rpi-root-").FullName };
        Directory.CreateDirectory(options.State(""));
        await File.WriteAllTextAsync(SavedKeys.PathIn(options), "{ cut o", TestContext.Current.CancellationToken);
        Assert.Throws<IOException>(() => SavedKeys.Load(options));
        using SshKeys keys = new(options, new CommandRunner(TimeProvider.System));
        await keys.SaveAsync(saved => saved with { Revision = "r1" }, TestContext.Current.CancellationToken);
        Assert.Equal("r1", SavedKeys.Load(options).Revision);
        Assert.True(File.Exists(SavedKeys.PathIn(options) + ".damaged"));
        Directory.Delete(options.Root, recursive: true);
    }

    [Fact]
    public void Who_could_log_in_with_a_key_is_told_by_sshd()
    {
        Account root = new("root", 0, 0, "/root", "/bin/bash");
        Assert.True(SshdSettings.Default.LetsIn(root));
        Assert.True(SshdSettings.Parse("permitrootlogin without-password\npubkeyauthentication yes\n").LetsIn(root));
        Assert.False(SshdSettings.Parse("permitrootlogin no\n").LetsIn(root));
        Assert.True(SshdSettings.Parse("permitrootlogin no\n").LetsIn(Pi));
        Assert.False(SshdSettings.Parse("pubkeyauthentication no\n").LetsIn(Pi));
        Assert.False(SshdSettings.Parse("allowusers backup\n").LetsIn(Pi));
    }

    [Fact]
    public void Admins_are_root_and_the_members_of_sudo_who_have_a_shell()
    {
        const string passwd = "root:x:0:0:root:/root:/bin/bash\nsync:x:4:65534:sync:/bin:/bin/sync\npi:x:1000:1000:,,,:/home/pi:/bin/bash\nann:x:1001:27::/home/ann:/bin/zsh\nweb:x:33:33::/var/www:/usr/sbin/nologin\nbad\n";
        Assert.Equal(["root", "pi", "ann"], Account.Admins(passwd, "sudo:x:27:pi,web\nusers:x:100:sync\n").Select(account => account.Name));
    }

    [Theory]
    [InlineData("pi", true)]
    [InlineData("_apt", true)]
    [InlineData("web-data2", true)]
    [InlineData("", false)]
    [InlineData("-uid", false)]
    [InlineData("a b", false)]
    [InlineData("../x", false)]
    [InlineData("Pi", false)]
    public void A_user_has_a_name_that_can_stand_in_a_command(string name, bool good) => Assert.Equal(good, Names.IsUser(name));

    [Fact]
    public void What_is_wished_of_a_user_is_the_clusters_and_the_cards()
    {
        SavedKeys saved = new() { Cluster = [new UserKeys("pi", [new OrderedKey("ann", "k")])], Card = [new UserKeys("pi", [new OrderedKey("card-1", "c")])], Touched = ["old", "pi"] };
        Assert.Equal(["old", "pi"], saved.Wished.Keys);
        Assert.Empty(saved.Wished["old"]);
        Assert.Equal(["ann", "card-1"], saved.Wished["pi"].Select(key => key.Id));
    }
}
