using System.Collections.Immutable;
using System.Text;
using RpiAgent.Agent.NodeConfig;
using Xunit;

namespace RpiAgent.Tests.Unit.NodeConfig;

public class CloudInitTests
{
    private const string Main = "/etc/cloud/cloud.cfg";
    private static readonly ImmutableSortedDictionary<string, byte[]> Own = Files(("/etc/network/interfaces.d/50-cloud-init.cfg", "x")), Other = Files(("/etc/network/interfaces", "x"));

    [Theory]
    [InlineData(true, Main, "users: []\n")]
    [InlineData(false, "/etc/cloud/other", "")]
    [InlineData(false, Main, "", "/etc/cloud/cloud-init.disabled", "")]
    [InlineData(false, Main, "", "/etc/cloud/cloud.cfg.d/99-off.cfg", "network: {config: disabled}\n")]
    [InlineData(false, Main, "users: []\nnetwork:\n  config: disabled\n")]
    [InlineData(true, Main, "# network: {config: disabled}\n", "/etc/cloud/cloud.cfg.d/99-off.cfg.bak", "network: {config: disabled}\n")]
    public void It_writes_the_network_unless_it_is_switched_off_or_told_not_to(bool writes, params string[] files) =>
        Assert.Equal(writes, CloudInit.Read(FileView.OfMemory(Files([.. files.Chunk(2).Select(file => (file[0], file[1]))]))).WritesNetwork);

    [Fact]
    public void It_is_kept_from_a_stanza_of_its_own_and_warned_of_elsewhere()
    {
        CloudInit active = new(WritesNetwork: true);
        Assert.Equal("network: {config: disabled}\n", Encoding.ASCII.GetString(active.With(Own)[CloudInit.FilePath]).Split('\n', 2)[1]);
        Assert.Empty(active.Warnings(active.With(Own)));
        Assert.Same(Other, active.With(Other));
        Assert.Equal([CloudInit.Warning], active.Warnings(Other));
        Assert.Empty(active.Warnings(Files()));
        CloudInit none = new(WritesNetwork: false);
        Assert.Same(Own, none.With(Own));
        Assert.Empty(none.Warnings(Own));

        // Written once, it is nothing to write or warn of again.
        Assert.False(CloudInit.Read(FileView.OfMemory(active.With(Own).Add(Main, []))).WritesNetwork);
    }

    private static ImmutableSortedDictionary<string, byte[]> Files(params (string Path, string Content)[] files) =>
        files.ToImmutableSortedDictionary(file => file.Path, file => Encoding.ASCII.GetBytes(file.Content), StringComparer.Ordinal);
}
