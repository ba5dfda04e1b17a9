using System.Text;
using RpiAgent.Agent;
using RpiAgent.Agent.Boot;
using Xunit;

namespace RpiAgent.Tests.Unit.Boot;

public class BootFileTests
{
    private const string Good = "version: 1\nhostname: pi7\ncoordinator:\n  url: https://192.168.1.2:7444\njoin_token: rpi1.aa.bb\n";

    private static BootFile Parse(string text) => BootFile.Parse(Encoding.UTF8.GetBytes(text), "rpi-agent.yaml");

    [Theory]
    [InlineData(Good)]
    [InlineData("\uFEFF" + Good)]
    public void A_complete_file_is_read(string text)
    {
        BootFile file = Parse(text);
        Assert.Equal(("pi7", new Uri("https://192.168.1.2:7444"), "rpi1.aa.bb"), (file.Hostname, file.CoordinatorUrl, file.JoinToken));
    }

    [Theory]
    [InlineData("version: 1\njoin_token: rpi1.aa.bb\nhostname: \u00fc\n", "version: 1\n# join_token: used, and taken away by rpi-agent\nhostname: \u00fc\n")]
    [InlineData("join_token : 'rpi1.aa.bb' # mine\r\nversion: 1\r\n", "# join_token: used, and taken away by rpi-agent\r\nversion: 1\r\n")]
    [InlineData("join_token: rpi1.aa.bb", "# join_token: used, and taken away by rpi-agent")]
    public void A_used_token_is_taken_away_and_all_else_stays(string text, string left) =>
        Assert.Equal(left, Encoding.UTF8.GetString(BootFile.WithoutToken(Encoding.UTF8.GetBytes(text))!));

    [Fact]
    public void A_file_without_token_is_left_alone() => Assert.Null(BootFile.WithoutToken("version: 1\n# join_token: x\n"u8));

    [Fact]
    public void Windows_line_ends_are_fine() => Assert.Equal("pi7", Parse(Good.Replace("\n", "\r\n")).Hostname);

    [Theory]
    [InlineData("version: 1\nhostnmae: x\n", ":2: unknown key 'hostnmae'; did you mean 'hostname'?")]
    [InlineData("version: 1\nversion: 1\n", ":2: ")]
    [InlineData("version: 1\n\tjoin_token: x\n", ":2: ")]
    [InlineData("version: 2\n", "'version: 1'")]
    [InlineData("version: 1\njoin_token: x\n", "'coordinator:'")]
    [InlineData("version: 1\ncoordinator: {url: 'https://a:1'}\n", "'join_token:'")]
    [InlineData("version: 1\ncoordinator: {url: 'http://a:1'}\n", ":2: coordinator.url 'http://a:1'")]
    [InlineData("version: 1\ncoordinator: {uri: 'https://a:1'}\n", ":2: unknown key 'uri'; did you mean 'url'?")]
    [InlineData("version: 1\nhostname: &a x\n", "anchors")]
    [InlineData("version: 1\nhostname: [a]\n", ":2: hostname must be one plain value")]
    [InlineData("version: 1\nwifi: {}\n", ":2: 'wifi' is not supported")]
    [InlineData("- a\n", "key: value")]
    [InlineData("", "key: value")]
    public void A_bad_file_is_refused_with_place_and_remedy(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<BootFileException>(() => Parse(text)).Message);

    [Fact]
    public void A_boot_folder_that_is_not_a_mount_point_is_not_read()
    {
        string root = Directory.CreateTempSubdirectory("boot").FullName;
        Directory.CreateDirectory($"{root}/boot/firmware");
        Directory.CreateDirectory($"{root}/proc/self");
        File.WriteAllText($"{root}/boot/firmware/rpi-agent.yaml", Good);
        File.WriteAllText($"{root}/proc/self/mounts", "/dev/mmcblk0p2 / ext4 rw 0 0\n");
        AgentOptions options = new() { Root = root };
        Assert.Null(BootPartition.FindBootFile(options));

        File.AppendAllText($"{root}/proc/self/mounts", "/dev/mmcblk0p1 /boot/firmware vfat rw 0 0\n");
        Assert.Equal($"{root}/boot/firmware/rpi-agent.yaml", BootPartition.FindBootFile(options));
        Directory.Delete(root, recursive: true);
    }
}
