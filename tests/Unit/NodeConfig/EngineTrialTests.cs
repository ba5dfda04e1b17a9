using RpiAgent.Agent;
using RpiAgent.Agent.NodeConfig.DockerOptions;
using Xunit;

namespace RpiAgent.Tests.Unit.NodeConfig;

public sealed class EngineTrialTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("rpi-trial-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(null, false)]
    [InlineData("""{"id":"1","iface":"docker","backend":"engine","boot_id":"b","phase":"prepared","deadline_s":45,"requested_by":"coordinator","reason":"r"}""", true)]
    [InlineData("""{"id":"1","iface":"docker","backend":"engine","boot_id":"b","phase":"applied","deadline_s":45,"requested_by":"coordinator","reason":"r"}""", true)]
    [InlineData("""{"id":"1","iface":"docker","backend":"engine","boot_id":"b","phase":"rollingBack","deadline_s":45,"requested_by":"coordinator","reason":"r"}""", true)]
    [InlineData("""{"id":"1","iface":"docker","backend":"engine","boot_id":"b","phase":"confirmed","deadline_s":45,"requested_by":"coordinator","reason":"r"}""", false)]
    [InlineData("half of it", true)]
    public void The_engine_is_left_alone_until_its_options_are_known_to_work(string? marker, bool isLeftAlone)
    {
        AgentOptions options = new() { Root = _root };
        if (marker is not null)
        {
            string path = options.State("docker/txn.json");
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, marker);
        }

        Assert.Equal(isLeftAlone ? "its options are being changed" : null, new EngineTrial(options).WhyNot());
    }
}
