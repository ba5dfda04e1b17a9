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
