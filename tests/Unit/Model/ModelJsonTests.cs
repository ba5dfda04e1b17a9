using System.Collections.Immutable;
using System.Text;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;
using Xunit;

namespace RpiAgent.Tests.Unit.Model;

public class ModelJsonTests
{
    [Theory]
    [InlineData(10)]
    [InlineData(1_000_000)]
    public void A_document_of_any_size_is_read_as_it_was_written(int length)
    {
        VolumeRecord record = new() { Name = new string('x', length), Stack = "s", Home = new NodeId("n01") };
        byte[] stored = ModelJson.Pack(record, ModelJson.Default.VolumeRecord);
        Assert.True(stored.Length < 10_000);
        Assert.Equal(record, ModelJson.Read(stored, ModelJson.Default.VolumeRecord));
    }

    [Fact]
    public void A_damaged_document_is_told_as_such() =>
        Assert.Throws<System.Text.Json.JsonException>(() => ModelJson.Read<VolumeRecord>([1, 2, 3, 255, 255], ModelJson.Default.VolumeRecord));

    private static readonly ContainerTemplate Container = new()
    {
        Image = "mysql:1",
        Command = ["a", "b"],
        Environment = ["A=1"],
        Mounts = [new MountSpec("volume", "wordpress_db", "/var/lib/mysql", false)],
        Networks = [new NetworkUse("wordpress_default", ["mysql"])],
        Ports = [new PublishedPort("", 80, 8080, "tcp")],
        Health = new HealthProbe(["CMD", "true"], TimeSpan.FromSeconds(5), null, null, 3),
        StopGrace = TimeSpan.FromSeconds(7),
    };

    [Fact]
    public void An_assignment_is_read_back_as_written()
    {
        NodeAssignment assignment = new()
        {
            Node = new NodeId("n1"),
            Version = new AssignmentVersion(7, 3),
            Replicas =
            [
                new AssignedReplica(new ReplicaId(new WorkloadId("wordpress.mysql"), 1), "wordpress", Container, SpecHash.Of(Container), "pi1")
                {
                    StartsAfter = [new WorkloadId("wordpress.php")],
                },
            ],
        };

        byte[] json = ModelJson.Write(assignment, ModelJson.Default.NodeAssignment);
        NodeAssignment back = ModelJson.Read(json, ModelJson.Default.NodeAssignment);

        Assert.Equal(json, ModelJson.Write(back, ModelJson.Default.NodeAssignment));
        Assert.Equal(assignment.Version, back.Version);
        Assert.Equal(assignment.Replicas[0].Id, back.Replicas[0].Id);
        Assert.Equal(TimeSpan.FromSeconds(7), back.Replicas[0].Container.StopGrace);
        Assert.Equal(["a", "b"], back.Replicas[0].Container.Command!.Value);
        Assert.Null(back.Replicas[0].Container.Entrypoint);
        Assert.Contains("\"schema\":1", Encoding.UTF8.GetString(json), StringComparison.Ordinal);
    }

    [Fact]
    public void The_other_documents_are_read_back_and_what_an_old_one_lacks_has_its_default()
    {
        SwarmRecord swarm = new() { ClusterId = "c", FirstManager = new NodeId("n1") };
        Assert.Equal(swarm, ModelJson.Read(ModelJson.Write(swarm, ModelJson.Default.SwarmRecord), ModelJson.Default.SwarmRecord));

        VolumeRecord volume = new() { Name = "wordpress_db", Home = new NodeId("n1"), Stack = "wordpress" };
        Assert.Equal(volume, ModelJson.Read(ModelJson.Write(volume, ModelJson.Default.VolumeRecord), ModelJson.Default.VolumeRecord));

        NodeRecord node = ModelJson.Read("""{"id":"n1","name":"pi1","hardware":{"serial":"x"},"unknownKey":1}"""u8, ModelJson.Default.NodeRecord);
        Assert.Empty(node.Labels);
        StackSpec stack = ModelJson.Read("""{"name":"s","workloads":[{"id":"s.a","stack":"s","service":"a","container":{"image":"i"}}]}"""u8, ModelJson.Default.StackSpec);
        Assert.True(stack.Networks.IsEmpty);
        Assert.Equal((1, 1, "unless-stopped"), (stack.Schema, stack.Workloads[0].Replicas, stack.Workloads[0].Container.RestartCondition));
        Assert.True(stack.Workloads[0].Placement.Constraints.IsEmpty);
    }

    [Fact]
    public void The_hash_tells_templates_apart_and_images_too()
    {
        Assert.Equal(SpecHash.Of(Container), SpecHash.Of(Container with { Environment = ["A=1"] }));
        Assert.NotEqual(SpecHash.Of(Container), SpecHash.Of(Container with { Environment = ["A=2"] }));
    }
}
