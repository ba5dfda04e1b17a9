using RpiAgent.Coordinator.Cluster;
using RpiAgent.Protos.Wire;
using Xunit;

namespace RpiAgent.Tests.Unit.Cluster;

public class StatusMappingTests
{
    [Fact]
    public void The_address_that_a_node_says_is_taken() => Assert.Equal("192.168.1.102", StatusMapping.From(new NodeStatus { Address = "192.168.1.102" }).Address);

    [Theory]
    [InlineData("1;touch${IFS}pwned;#")]
    [InlineData("*")]
    [InlineData("192.168.1.102\n192.168.1.103")]
    [InlineData("192.168.1.102/24")]
    [InlineData("pi1")]
    public void What_is_no_address_is_as_good_as_none(string said) => Assert.Equal("", StatusMapping.From(new NodeStatus { Address = said }).Address);
}
