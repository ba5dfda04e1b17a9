using RpiAgent.Agent.Engine;
using Xunit;

namespace RpiAgent.Tests.Unit.Containers;

public class EngineVersionTests
{
    [Theory]
    [InlineData("1.41", "1.12", "1.41")]
    [InlineData("1.39", "1.12", "1.39")]
    [InlineData("1.51", "1.24", "1.41")]
    [InlineData("1.52", "1.44", "1.44")] // docker-ce 29.0
    [InlineData("1.53", "1.40", "1.41")]
    [InlineData("", "", "1.41")]
    public void The_tested_API_is_spoken_or_the_nearest_that_the_engine_knows(string newest, string oldest, string agreed) =>
        Assert.Equal(agreed, EngineConnection.Agree(newest, oldest).ToString());
}
