using RpiAgent.Agent.Containers;
using Xunit;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Tests.Unit.Containers;

public class ProtoMappingTests
{
    [Fact]
    public void An_empty_command_is_not_the_images_own()
    {
        Wire.Assignment wire = Samples.OnTheWire(1, 1);
        wire.Replicas[0].Container.CommandSet = true;
        ContainerSpec spec = Assert.Single(ProtoMapping.FromWire(wire).Replicas).Container;
        Assert.Equal(0, spec.Command?.Length);
        Assert.Null(spec.Entrypoint);
        Assert.Equal(TimeSpan.FromSeconds(10), spec.StopGrace);
    }

    [Fact]
    public void Nonsense_is_refused_with_its_replica()
    {
        Assert.Equal("replica s.web.1 is in the assignment twice", Refused(wire => wire.Replicas.Add(wire.Replicas[0].Clone())));
        Assert.Equal("replica s.web.1 names no image", Refused(wire => wire.Replicas[0].Container.Image = ""));
        Assert.Equal("replica s.web.1 has no spec_hash", Refused(wire => wire.Replicas[0].SpecHash = ""));
        Assert.Equal("replica 's.web.0' has no workload or no index from 1", Refused(wire => wire.Replicas[0].Index = 0));
        Assert.Equal(
            "replica s.web.1 publishes port 80:0, which is none",
            Refused(wire => wire.Replicas[0].Container.Ports.Add(new Wire.PortBinding { HostPort = 80 })));
        Assert.Equal("the assignment names no node or no version", Refused(wire => wire.Version = null));
    }

    private static string Refused(Action<Wire.Assignment> change)
    {
        Wire.Assignment wire = Samples.OnTheWire(1, 1);
        change(wire);
        return Assert.Throws<AssignmentException>(() => ProtoMapping.FromWire(wire)).Message;
    }
}
