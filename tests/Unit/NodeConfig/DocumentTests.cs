using System.Text;
using CsCheck;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Agent.NodeConfig.DockerOptions;
using RpiAgent.Agent.NodeConfig.Documents;
using RpiAgent.Protos;
using Xunit;

namespace RpiAgent.Tests.Unit.NodeConfig;

public class DocumentTests
{
    [Theory]
    [InlineData("", "127.0.1.1\tpi1\n")]
    [InlineData("127.0.0.1 localhost\n::1 ip6\n", "127.0.0.1 localhost\n127.0.1.1\tpi1\n::1 ip6\n")]
    [InlineData("127.0.1.1\traspberrypi.lan raspberrypi # own\n", "127.0.1.1\tpi1.lan pi1 # own\n")]
    [InlineData("127.0.1.1 other\n", "127.0.1.1 pi1 other\n")]
    [InlineData("#127.0.1.1 raspberrypi\n127.0.1.1  raspberrypi", "#127.0.1.1 raspberrypi\n127.0.1.1  pi1")]
    [InlineData("127.0.1.1 pi1 x\n", "127.0.1.1 pi1 x\n")]
    public void Only_the_own_line_of_the_hosts_file_changes(string before, string after) =>
        Assert.Equal(after, Text(HostsFile.WithHostName(Bytes(before), "raspberrypi", "pi1")));

    [Theory]
    [InlineData("", "nameserver 8.8.8.8\n")]
    [InlineData("# by dhclient\nsearch lan\nnameserver 1.1.1.1\nnameserver 9.9.9.9\noptions rotate\n", "# by dhclient\nsearch lan\nnameserver 8.8.8.8\noptions rotate\n")]
    [InlineData("search lan", "search lan\nnameserver 8.8.8.8\n")]
    [InlineData("nameserver   8.8.8.8", "nameserver   8.8.8.8")]
    public void Name_servers_are_replaced_and_the_rest_stays(string before, string after) =>
        Assert.Equal(after, Text(ResolvConf.WithNameServers(Bytes(before), [Ipv4.Parse("8.8.8.8")])));

    [Theory]
    [InlineData("", "# Words of rpi-agent: --a --b\nDOCKER_OPTS=\"--a --b\"\n")]
    [InlineData("# DOCKER_OPTS=\"x\"\nhttp_proxy=y", "# DOCKER_OPTS=\"x\"\nhttp_proxy=y\n# Words of rpi-agent: --a --b\nDOCKER_OPTS=\"--a --b\"\n")]
    [InlineData("DOCKER_OPTS=old\nDOCKER_OPTS='\n-H fd://\n'\nexport \"X=1\"\n", "DOCKER_OPTS=old\n# Words of rpi-agent: --a --b\nDOCKER_OPTS=\"-H fd:// --a --b\"\nexport \"X=1\"\n")]
    [InlineData("DOCKER_OPTS=--a \\\n   --b\nX=1\n", "DOCKER_OPTS=--a \\\n   --b\nX=1\n")]
    [InlineData("DOCKER_OPTS=\"--a\" '--c'\n", "# Words of rpi-agent: --a --b\nDOCKER_OPTS=\"--a--c --a --b\"\n")]
    [InlineData("# example \\\nDOCKER_OPTS=\"-D\"\n", "# example \\\n\n# Words of rpi-agent: --a --b\nDOCKER_OPTS=\"-D --a --b\"\n")]
    [InlineData("; one \\\n# two \\\nDOCKER_OPTS=\"--a --b\"\n", "; one \\\n# two \\\n\nDOCKER_OPTS=\"--a --b\"\n")]
    [InlineData("DOCKER_OPTS='--label=x=\"$y\\'\n", "# Words of rpi-agent: --a --b\nDOCKER_OPTS=\"--label=x=\\\"\\$y\\\\ --a --b\"\n")]
    [InlineData("# Words of rpi-agent: --c\nDOCKER_OPTS=\"--dns 1.1.1.1 --c --e\"\n", "# Words of rpi-agent: --a --b\nDOCKER_OPTS=\"--dns 1.1.1.1 --e --a --b\"\n")]
    [InlineData("# Words of rpi-agent: --a --b\nDOCKER_OPTS='--a --b --dns=1.1.1.1'\n", "# Words of rpi-agent: --a --b\nDOCKER_OPTS='--a --b --dns=1.1.1.1'\n")]
    [InlineData("# Words of rpi-agent: --a --b\n\nDOCKER_OPTS='--a'\n", "# Words of rpi-agent: --a --b\n\n# Words of rpi-agent: --b\nDOCKER_OPTS=\"--a --b\"\n")]
    public void Of_the_engines_options_only_the_words_that_are_ours_change(string before, string after) =>
        Assert.Equal(after, Text(DockerDefaults.Read(Bytes(before)).With(["--a", "--b"])));

    [Fact]
    public void A_quotation_mark_that_is_not_closed_is_refused_with_its_line()
    {
        RefusalException refused = Assert.Throws<RefusalException>(() => EnvironmentFile.Parse(Bytes("A=1\nDOCKER_OPTS='x\n"), "/etc/default/docker"));
        Assert.Equal("/etc/default/docker:2", refused.Refusal.At);
    }

    [Fact]
    public void What_is_written_is_read_back_and_the_second_time_changes_nothing() =>
        Gen.Char["ab=#;'\"\\ \n\t\r$"].Array[0, 60].Select(text => new string(text)).Sample(text =>
        {
            byte[] before = Bytes(text);
            try
            {
                DockerDefaults first = DockerDefaults.Read(before);
                byte[] once = first.With(["--a"]);
                DockerDefaults second = DockerDefaults.Read(once);
                return second.Foreign.SequenceEqual(first.Foreign) && second.Own.SequenceEqual(["--a"]) && second.With(["--a"]).AsSpan().SequenceEqual(once) && DockerDefaults.Read(second.With([])).Present.SequenceEqual(first.Present);
            }
            catch (RefusalException)
            {
                return true;
            }
        });

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);
    private static string Text(byte[] content) => Encoding.Latin1.GetString(content);
}
