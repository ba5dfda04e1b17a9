using RpiAgent.Agent;
using RpiAgent.Agent.NodeConfig;
using Xunit;

namespace RpiAgent.Tests.Unit.NodeConfig;

public sealed class SwarmOnDiskTests : IDisposable
{
    private readonly AgentOptions _options = new() { Root = Directory.CreateTempSubdirectory("rpi-root-").FullName };

    public void Dispose() => Directory.Delete(_options.Root, recursive: true);

    /// <summary>As Docker 20.10.24 writes it.</summary>
    [Theory]
    [InlineData(true, """{"LocalAddr":"","RemoteAddr":"192.168.77.102:2377","ListenAddr":"0.0.0.0:2377","AdvertiseAddr":"192.168.77.101:2377","DataPathAddr":""}""", "192.168.77.101")]
    [InlineData(false, """{"LocalAddr":"","RemoteAddr":"192.168.77.102:2377","ListenAddr":"0.0.0.0:2377","AdvertiseAddr":"192.168.77.101:2377","DataPathAddr":""}""", "")]
    [InlineData(true, """{"AdvertiseAddr":""}""", "")]
    [InlineData(true, """{"AdvertiseAddr":7}""", "")]
    [InlineData(true, """{"AdvertiseAddr":"192.""", "")]
    public void A_manager_is_known_by_its_log(bool hasLog, string state, string expected)
    {
        Assert.Equal("", SwarmOnDisk.ManagedAddress(_options));
        Directory.CreateDirectory(_options.Under(hasLog ? "/var/lib/docker/swarm/raft/wal-v3-encrypted" : "/var/lib/docker/swarm"));
        File.WriteAllText(_options.Under("/var/lib/docker/swarm/docker-state.json"), state);
        Assert.Equal(expected, SwarmOnDisk.ManagedAddress(_options));
    }
}
