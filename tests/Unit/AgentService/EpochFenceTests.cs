using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Agent.Grpc;
using Xunit;

namespace RpiAgent.Tests.Unit.AgentService;

public sealed class EpochFenceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("epoch").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_deposed_leader_is_refused_also_after_a_restart()
    {
        Assert.True(New().Admit(7, out _));
        EpochFence restarted = New();
        Assert.False(restarted.Admit(6, out ulong newest));
        Assert.Equal(7UL, newest);
        Assert.True(restarted.Admit(7, out _));
        Assert.True(restarted.Admit(8, out _));
        Assert.False(restarted.Admit(7, out _));
    }

    private EpochFence New() => new(Path.Join(_folder, "epoch"), NullLogger<EpochFence>.Instance);
}
