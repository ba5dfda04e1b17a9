using RpiAgent.Agent;
using RpiAgent.Agent.Boot.Card;
using Xunit;

namespace RpiAgent.Tests.Unit.Boot;

public class BootPartitionTests
{
    private const string Root = "21 1 179:2 / / rw,relatime shared:1 - ext4 /dev/root rw";
    private const string Partition = "98 21 179:1 / /boot/firmware rw,relatime shared:44 - vfat /dev/mmcblk0p1 rw";

    /// <summary>As systemd makes it for a service that may write /boot: the root's file system over its own folder.</summary>
    private const string OwnView = "301 300 179:2 /boot /boot rw,relatime - ext4 /dev/root rw";

    [Theory]
    [InlineData("/boot/firmware", true, Root, Partition)]
    [InlineData("/boot", false, Root, Partition)]
    [InlineData("/boot", false, Root, OwnView, Partition)]
    [InlineData("/boot/firmware", true, Root, OwnView, Partition)]
    [InlineData("/boot/firmware", false, Root, OwnView, "302 301 179:2 /boot/firmware /boot/firmware rw - ext4 /dev/root rw")]
    [InlineData("/boot", true, Root, "98 21 179:1 / /boot rw shared:44 - vfat /dev/mmcblk0p1 rw")]
    [InlineData("/boot", false, Root, "98 21 179:1 / /boot rw - vfat /dev/mmcblk0p1 rw", OwnView)]
    [InlineData("/boot/firmware", true, "21 1 0:62 / / rw - overlay overlay rw", "22 21 254:1 /var/card /boot/firmware rw - ext4 /dev/vda1 rw")]
    [InlineData("/boot", false)]
    public void Only_another_file_system_is_a_boot_partition(string folder, bool isOne, params string[] mounts) =>
        Assert.Equal(isOne, BootPartition.IsFileSystem(mounts, folder));

    [Fact]
    public void A_file_in_a_plain_folder_is_not_read_and_one_on_the_partition_is()
    {
        string root = Directory.CreateTempSubdirectory("boot").FullName;
        Directory.CreateDirectory($"{root}/boot/firmware");
        Directory.CreateDirectory($"{root}/proc/self");
        File.WriteAllText($"{root}/boot/rpi-agent.yaml", "version: 1\n");
        File.WriteAllLines($"{root}/proc/self/mountinfo", [Root, OwnView, Partition]);
        AgentOptions options = new() { Root = root };
        Assert.Null(BootPartition.FindFolder(options));

        File.WriteAllText($"{root}/boot/firmware/rpi-agent.yaml.txt", "version: 1\n");
        Assert.Equal($"{root}/boot/firmware", BootPartition.FindFolder(options));
        Assert.Equal("rpi-agent.yaml.txt", BootPartition.FindSlip($"{root}/boot/firmware"));
        Assert.Empty(BootPartition.Read($"{root}/boot/firmware"));

        File.WriteAllText($"{root}/boot/firmware/rpi-agent.yaml", "version: 1\n");
        Assert.Null(BootPartition.FindSlip($"{root}/boot/firmware"));
        Assert.Equal(BootFile.FileName, Assert.Single(BootPartition.Read($"{root}/boot/firmware")).Name);
        Directory.Delete(root, recursive: true);
    }
}
